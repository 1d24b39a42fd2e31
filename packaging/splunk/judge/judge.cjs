// judge.cjs FILE ...: judges definitions of dashboards by Splunk's own schema, with the options that each kind of visualization has.
// Prints each mistake; ends with 1 if there is one.
const Ajv = require('ajv');
const { createSchemaBasedOnDicts } = require('@splunk/dashboard-definition');
const schemas = require('@splunk/visualization-schemas');
const { readFileSync } = require('node:fs');

const kinds = { 'splunk.column': 'column', 'splunk.bar': 'bar', 'splunk.singlevalue': 'singleValue', 'splunk.table': 'table' };
const visualizationDict = Object.fromEntries(Object.entries(kinds).map(([type, name]) => [type, schemas[`${name}OptionsSchema`]]));
const validate = new Ajv({ allErrors: true, strict: false }).compile(createSchemaBasedOnDicts({ visualizationDict }));
let wrong = 0;
for (const file of process.argv.slice(2)) {
    const definition = JSON.parse(readFileSync(file, 'utf8'));
    const errors = validate(definition) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
    for (const [name, v] of Object.entries(definition.visualizations ?? {})) {
        const known = visualizationDict[v.type];
        if (!known) errors.push(`/visualizations/${name} is of the kind ${v.type}, whose options aren't judged: add it to judge.cjs`);
        // The schema lets unknown options pass; a dashboard passes over them.
        Object.keys(v.options ?? {}).filter((o) => known && !(o in known)).forEach((o) => errors.push(`/visualizations/${name} has the unknown option ${o}`));
    }
    errors.forEach((e) => console.log(`${file}: ${e}`));
    wrong += errors.length;
}
process.exit(wrong ? 1 : 0);
