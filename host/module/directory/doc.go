// Package directory is a rule module that tags nothing itself: it tells the rules of other modules what Microsoft Graph knows
// about the tenant. It implements enrich.Module and enrich.Informer.
//
//	applications      applications and service principals: credentials, redirect URIs, owners, single sign-on  [applications]
//	domains           the domains that the tenant has proved to own                                           [verified_domains]
//	privileged_users  who holds a role that leads to Global Administrator                                     [lists.privileged_users]
//
// Each of these parts is refreshed in the background. When that fails, what was good last is kept, and the log and the
// module's state say so.
package directory
