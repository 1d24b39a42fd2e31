//go:build !unix

package admin

// protect does nothing: on Windows the directory's access control list says who may connect.
func protect(uintptr) {}
