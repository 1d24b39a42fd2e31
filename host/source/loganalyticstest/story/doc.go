// Package story makes rows of Log Analytics tables for demos and tests: a day of an ordinary company, and an attack
// on it that touches each row of Microsoft's guide that one event alone can show.
//
// The rows are data, so that a new event needs no Go:
//
//	data/rows/TABLE.json  rows with ${placeholders}; {"$json": x} is x as JSON inside a string
//	data/cast.json        the company: people, applications, vaults; all made up
//	data/day.json         how often each row comes on an ordinary day   -> [Day]
//	data/inventory.json   what Microsoft Graph says of its apps     -> [Inventory]
//	data/attack.json      the attack, step by step                      -> [Attack]
//
// The same seed makes the same rows. Each row carries a serial number (see [Serial]), so that a test can tell which
// rows arrived, and which twice.
package story
