//go:build linux

#include "textflag.h"

// See entry_amd64.s.
TEXT mesolite_entry(SB),NOSPLIT|NOFRAME,$0
	MOVW	4(R13), R0 // argv[0]
	CMP	$0, R0
	BEQ	plain
	// Bytes, since misaligned words may trap: "mesolite-shim\0".
	MOVBU	0(R0), R1
	CMP	$109, R1
	BNE	plain
	MOVBU	8(R0), R1
	CMP	$45, R1
	BNE	plain
	MOVBU	9(R0), R1
	CMP	$115, R1
	BNE	plain
	MOVBU	10(R0), R1
	CMP	$104, R1
	BNE	plain
	MOVBU	12(R0), R1
	CMP	$109, R1
	BNE	plain
	MOVBU	13(R0), R1
	CMP	$0, R1
	BNE	plain
	MOVW	R13, R4
	MOVW	$·noGoroutine(SB), g
	SUB	$16, R13
	MOVW	R4, 4(R13)
	BL	·rawMain(SB)
	WORD	$0xe7f000f0 // undefined instruction
plain:
	B	_rt0_arm_linux(SB)
