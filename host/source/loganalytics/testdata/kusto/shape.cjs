// Reads a list of queries as JSON from standard input, and writes for each, as Microsoft's KQL parser reads it, the texts of its
// operators in their order and whether it is broken: the service refuses what is.
"use strict";

require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { KustoCode } = Kusto.Language;

// operators of an expression: "a | b | c" is (a | b) | c. Of a statement or a block they are those of its parts.
function operators(node) {
  switch (node.Kind.toString()) {
    case String(Kusto.Language.Syntax.SyntaxKind.PipeExpression):
      return [...operators(node.Expression), text(node.Operator)];
    case String(Kusto.Language.Syntax.SyntaxKind.ExpressionStatement):
      return operators(node.Expression);
  }
  return [text(node)];
}

const text = (node) => node.ToString(Kusto.Language.Syntax.IncludeTrivia.Interior);

const shapes = JSON.parse(require("fs").readFileSync(0, "utf8")).map((query) => {
  const code = KustoCode.Parse(query);
  const found = [];
  const statements = code.Syntax.Statements;
  for (let i = 0; i < statements.Count; i++) found.push(...operators(statements.getItem(i).Element));
  return { broken: code.GetDiagnostics().Count > 0, operators: found };
});
process.stdout.write(JSON.stringify(shapes));
