// This file lets a function without a body (up_darwin.go) be compiled.
