//go:build linux

#include "textflag.h"

// See entry_amd64.s.
TEXT mesolite_entry(SB),NOSPLIT|NOFRAME,$0
	MOVD	8(RSP), R0 // argv[0]
	CBZ	R0, plain
	MOVD	(R0), R1
	MOVD	$0x6574696c6f73656d, R2 // "mesolite"
	CMP	R1, R2
	BNE	plain
	MOVWU	8(R0), R1
	MOVD	$0x6968732d, R2 // "-shi"
	CMP	R1, R2
	BNE	plain
	MOVHU	12(R0), R1
	MOVD	$0x006d, R2 // "m\0"
	CMP	R1, R2
	BNE	plain
	MOVD	RSP, R19
	MOVD	$·noGoroutine(SB), g
	SUB	$32, RSP
	MOVD	R19, 8(RSP)
	CALL	·rawMain(SB)
	BRK
plain:
	JMP	_rt0_arm64_linux(SB)
