// Reads messages from standard input, a JSON array of texts, with the package that is named, and prints what that package
// returns for each as a JSON array. A time becomes the number of its milliseconds since 1970.
const { readFileSync } = require('node:fs')

const readers = {
  glossy: (text) => require('glossy').Parse.parse(text),
  'nsyslog-parser': (text) => require('nsyslog-parser')(text),
}
Date.prototype.toJSON = function () { return this.getTime() }
const read = readers[process.argv[2]]
const seen = JSON.parse(readFileSync(0, 'utf8')).map(read)
process.stdout.write(JSON.stringify({ version: require(process.argv[2] + '/package.json').version, seen }))
