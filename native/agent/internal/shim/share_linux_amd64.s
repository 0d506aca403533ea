#include "textflag.h"

// func shareChild(trap, first, second uintptr) (r uintptr)
TEXT ·shareChild(SB),NOSPLIT,$0-32
	MOVQ	trap+0(FP), AX
	MOVQ	first+8(FP), DI
	MOVQ	second+16(FP), SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	SYSCALL
	TESTQ	AX, AX
	JNZ	parent
	CALL	·childMain(SB)
	INT	$3
parent:
	MOVQ	AX, r+24(FP)
	RET
