//go:build linux

#include "textflag.h"

// See entry_amd64.s.
TEXT mesolite_entry(SB),NOSPLIT|NOFRAME,$0
	MOV	8(X2), X5 // argv[0]
	BEQZ	X5, plain
	// Bytes, since misaligned words may trap: "mesolite-shim\0".
	MOVBU	0(X5), X6
	MOV	$109, X7
	BNE	X6, X7, plain
	MOVBU	8(X5), X6
	MOV	$45, X7
	BNE	X6, X7, plain
	MOVBU	9(X5), X6
	MOV	$115, X7
	BNE	X6, X7, plain
	MOVBU	10(X5), X6
	MOV	$104, X7
	BNE	X6, X7, plain
	MOVBU	12(X5), X6
	MOV	$109, X7
	BNE	X6, X7, plain
	MOVBU	13(X5), X6
	BNEZ	X6, plain
	MOV	X2, X8
	MOV	$·noGoroutine(SB), g
	ADD	$-32, X2
	MOV	X8, 8(X2)
	CALL	·rawMain(SB)
	EBREAK
plain:
	JMP	_rt0_riscv64_linux(SB)
