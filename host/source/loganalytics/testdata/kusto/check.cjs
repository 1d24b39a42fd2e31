// Reads {"tables": [{"name", "columns": [{"name", "type"}]}], "queries": ["..", ..]} from standard input, checks every
// query with Microsoft's KQL parser against the tables and writes, per query, the list of its diagnostics as JSON.
"use strict";

require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { GlobalState, KustoCode, Symbols } = Kusto.Language;

// The parser's names of the types; see https://learn.microsoft.com/kusto/query/scalar-data-types/
const types = {
  bool: Symbols.ScalarTypes.Bool, datetime: Symbols.ScalarTypes.DateTime, decimal: Symbols.ScalarTypes.Decimal,
  dynamic: Symbols.ScalarTypes.Dynamic, guid: Symbols.ScalarTypes.Guid, int: Symbols.ScalarTypes.Int,
  long: Symbols.ScalarTypes.Long, real: Symbols.ScalarTypes.Real, string: Symbols.ScalarTypes.String,
  timespan: Symbols.ScalarTypes.TimeSpan,
};

function tableSymbol({ name, columns }) {
  const symbols = columns.map((c) => {
    if (!types[c.type]) throw new Error(`${name}.${c.name}: unknown type ${c.type}`);
    return new Symbols.ColumnSymbol(c.name, types[c.type], null, null, null, null);
  });
  return new Symbols.TableSymbol.$ctor4(name, symbols);
}

const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const database = new Symbols.DatabaseSymbol("workspace", input.tables.map(tableSymbol));
const globals = GlobalState.Default.WithDatabase(database);

const answers = input.queries.map((query) => {
  const diagnostics = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  const found = [];
  for (let i = 0; i < diagnostics.Count; i++) {
    const d = diagnostics.getItem(i);
    found.push(`${d.Severity} ${d.Code} at ${d.Start}: ${d.Message}`);
  }
  return found;
});
process.stdout.write(JSON.stringify(answers));
