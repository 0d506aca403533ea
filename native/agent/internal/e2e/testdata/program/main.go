// The program in the images of the container tests: its arguments are a verb. As /bin/sh it takes `-c VERB...`.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	a := os.Args[1:]
	if len(a) == 2 && a[0] == "-c" {
		a = strings.Fields(a[1])
	}
	if len(a) == 0 {
		fmt.Println("default")
		return
	}
	switch a[0] {
	case "exit":
		n, _ := strconv.Atoi(a[1])
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		os.Exit(n)
	case "sleep":
		fmt.Println("sleeping pid", os.Getpid(), "uid", os.Getuid())
		time.Sleep(time.Hour)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("stubborn")
		time.Sleep(time.Hour)
	case "polite":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("polite")
		<-c
		fmt.Print("bye without newline")
		os.Exit(7)
	case "hog":
		var all [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
			_ = all
		}
	case "binary":
		n, _ := strconv.Atoi(a[1])
		b := make([]byte, 65536)
		for i := range b {
			b[i] = byte(i * 7)
		}
		for i := 0; i < n; i++ {
			os.Stdout.Write(b)
		}
	case "count":
		n, _ := strconv.Atoi(a[1])
		for i := 0; i < n; i++ {
			fmt.Println(i)
			time.Sleep(time.Millisecond)
		}
	case "env":
		for _, e := range os.Environ() {
			fmt.Println(e)
		}
		wd, _ := os.Getwd()
		fmt.Println("wd", wd)
	case "write":
		if err := os.WriteFile(a[1], []byte("written"), 0o644); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	case "devstdout":
		f, err := os.OpenFile("/dev/stdout", os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("one")
		fmt.Fprintln(f, "two")
		fmt.Println("three")
	case "serve":
		l, err := net.Listen("tcp", "127.0.0.1:"+a[1])
		if err != nil {
			panic(err)
		}
		http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hi") }))
	case "burn":
		for {
		}
	}
}
