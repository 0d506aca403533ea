#include "textflag.h"

// func shareChild(trap, first, second uintptr) (r uintptr)
TEXT ·shareChild(SB),NOSPLIT,$16-32
	MOVD	trap+0(FP), R8
	MOVD	first+8(FP), R0
	MOVD	second+16(FP), R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	SVC
	CBNZ	R0, parent
	SUB	$32, RSP
	CALL	·childMain(SB)
	BRK
parent:
	MOVD	R0, r+24(FP)
	RET
