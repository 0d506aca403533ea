// Package at is the calls of the `at` family, which the standard library does not have on darwin: each looks a name up
// in a folder that is open, so that nobody can move the way to it. It imports nothing of ours, and is empty elsewhere.
package at
