// Package schema holds, as data, what riskrelay knows of the tables: their columns and types, how the values of
// properties are to be read, which API an application id stands for, and what kind of access a Key Vault operation is.
//
// The data lie in text files beside the code, so that adding a table or a column needs no Go:
//
//	tables.txt    tables and columns        -> [Tables], [Lookup], [TypeOf]
//	azuretables.txt  names of all tables    -> [Exists]
//	properties.txt  audited properties      -> [KindOf], [Properties]
//	apis.txt      APIs and their addresses  -> [APIByID], [APIByToken], [APIByName]
//	roles.txt     names of built-in roles   -> [RoleName]
//	vaultops.txt  Key Vault operations      -> [VaultClass], [VaultClasses]
package schema
