//go:build linux

#include "textflag.h"

// The entry of the whole program (linked with -E mesolite_entry). A process whose argv[0] is "mesolite-shim" goes on
// in rawMain without the Go runtime; every other one is handed to the runtime untouched.
TEXT mesolite_entry(SB),NOSPLIT|NOFRAME,$0
	MOVQ	8(SP), AX // argv[0]
	TESTQ	AX, AX
	JZ	plain
	MOVQ	$0x6574696c6f73656d, BX // "mesolite"
	CMPQ	(AX), BX
	JNE	plain
	CMPL	8(AX), $0x6968732d // "-shi"
	JNE	plain
	CMPW	12(AX), $0x006d // "m\0"
	JNE	plain
	MOVQ	SP, R12
	// Compiled Go finds its goroutine in R14 and in thread-local storage. Ours is all zeroes: its stack bound of 0
	// makes every stack check pass.
	LEAQ	·noGoroutine(SB), R14
	LEAQ	·threadLocal(SB), SI
	MOVQ	R14, (SI)
	ADDQ	$8, SI
	MOVQ	$0x1002, DI // ARCH_SET_FS
	MOVQ	$158, AX // arch_prctl
	SYSCALL
	XORPS	X15, X15
	ANDQ	$~15, SP
	SUBQ	$16, SP
	MOVQ	R12, 0(SP)
	CALL	·rawMain(SB)
	INT	$3
plain:
	JMP	_rt0_amd64_linux(SB)
