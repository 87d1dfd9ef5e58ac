"""The program that is pid 1 of every sandbox, as a file that can be executed.

It is so small that nobody needs a compiler or a binary on disk: `first.c` is what it was made of, below is
what GCC 12.2 made of it, and `executable` puts that into a file. To make it anew, after a change::

    gcc -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables
        -fno-unwind-tables -fno-pic -fomit-frame-pointer -fno-jump-tables
        -fno-tree-loop-distribute-patterns -fno-ipa-sra -fno-ipa-cp -fno-toplevel-reorder
        -nostdlib -static -mgeneral-regs-only -fcf-protection=none -mno-red-zone
        -Wl,-N,-Ttext=0x400100,--build-id=none first.c
    objcopy -O binary -j .text a.out code  # `entry` and `spawn` are addresses of symbols less 0x400100

For aarch64 ``-mbranch-protection=none -mstrict-align`` stand for ``-fcf-protection=none -mno-red-zone``.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

BASE, GIVEN, PLACES = 0x1000_0000, 0x1004_0000, 0x1004_0800
"""Where a message lies, where descriptors that came with it are told, and the places of processes."""
MOST_PLACES, NOBODY = 32, 0x7FFF_FFFF
CONTROL = 3
"""Descriptor that tables come from."""

_END = 0x1004_1000
_CODE, _CODE_AT, _DATA_AT = 0x40_0000, 0x100, 0x1_0000  # pages have 64 KB at most
_EXECUTABLE, _LITTLE, _CURRENT, _FIXED = 2, 1, 1, 2
_LOAD, _STACK, _EXECUTE, _WRITE, _READ = 1, 0x6474_E551, 1, 2, 4
_HEADER, _SEGMENT = struct.Struct("<4s4B8x2HI3QI6H"), struct.Struct("<2I6Q")


class _Machine(NamedTuple):
    elf: int
    entry: int
    spawn: int
    code: bytes


_MACHINES = {
    "x86_64": _Machine(
        62,
        413,
        794,
        bytes.fromhex(
            "4156415541544989fc5531ed534883ec304889eb48c1e30649035c24204c8b3366448b6b3a4983feff0f84a20000000f"
            "b6533831c989d6488b44cb08d3fe4080e6017403486300488904cc48ffc14883f90675e1488b742408488b3c244983fe"
            "fe750789374863c6eb194c8b5424184c8b4424204c89f04c8b4c2428488b5424100f05483d00f0ffff77116641ffcd74"
            "1f0fb6433948ff44c308eb93488903f643384075234989042449896c2408eb1848890348ffc54885c00f8552ffffff0f"
            "b76b3ee949ffffff0fb76b3ce940ffffff4883c4305b5d415c415d415ec3415741bf20000000415641be030000004155"
            "41bd2c000000415455534883ec304c8d6424084531d24531c04531c94883cfffba01000000b83d000000488d7424040f"
            "0589c585c07e6731db392c9d00080410754e31c031d2c7442420010000004531c048894424084531c94c89f74c89e648"
            "89442410486344240441ba0040000048895424284c89fa48894424184c89e8895c2424c7049d00080410ffffff7f0f05"
            "48ffc34883fb2075a0e975ffffff4883c4305b5d415c415d415e415fc3415531d241ba080000004531c041544531c9b8"
            "0e0000004889d755534881ecb000000048c744240800000100488d7424080f0541ba00080800b8210100004883cfffba"
            "080000000f054c63e84c89eb31ed895c2428488d7c24204531d24531c04531c9be020000004889ea48b8030000000100"
            "0000c744242c010000004889442420b80f0100000f054885c078c166837c242e00488d7424307412ba800000004889e8"
            "4c89ef0f05e98600000031c031d24531d24531c048894424304531c9bf030000004889442438488d4424104889442440"
            "b82f0000004889542460ba0000004048c74424100000001048c74424180000040048c74424480100000048c744245000"
            "00041048c7442458000800000f054989c44885c07f24b8e70000004889ef4889ee4889ea0f05bf00000010e830fdffff"
            "e809feffffe912ffffffbf00000010e81cfdffffe8f5fdffff4981fc004000000f8ef6feffff4531d24531c04531c9b8"
            "1c000000bf00400010be00c00300ba040000000f05e9d2feffff53554889e54889d3b8b30100000f054885c0750d4889"
            "dfe8cafcffff4889ec31c05d5bc3"
        ),
    ),
    "aarch64": _Machine(
        183,
        424,
        772,
        bytes.fromhex(
            "0b1040f9070080d2ece47ad3e90300aa6619078b68696cf8ca7440791f0500b1e1060054c0035fd6e20f41a9e41742a9"
            "010000d41d00001460692cf8c1e0403921053036c77840792b1140f9ece47ad368696cf86619078bca7440791f0500b1"
            "a0040054cd200091c2e04039010080d2a07961f84328c11a63000036000040b9007c4093e07b21f8210400913f1800f1"
            "01ffff54e00740a91f0900b161fcff54010000b9207c40931f0440b168fcff544a0500514a3d0072e0000054c0e44039"
            "c00c008b010440f921040091010400f9e6ffff1760692cf8a00000b5c77c4079daffff17201d00a9d7ffff17e7040091"
            "d6ffff17ffc30091c0035fd6ffc300d1d9ffff17070081d2ffc300d18700a2f20a00b0122b008052e1130091882080d2"
            "00008092220080d2030080d2040080d2050080d2010000d4e903002a1f0000716c000054ffc30091c0035fd6060080d2"
            "c0f47ed3016867b83f00096be1010054e10780b9c81980d2020480d2030088d2040080d2050080d20a6827b8600080d2"
            "ffff00a9e10f00f9e1230091eb1b0429ff1700f9010000d4c6040091df8000f181fdff54ddffff17f353b3a92000a0d2"
            "e81080d2e1a30091020080d2030180d2040080d2050080d2fe0b00f9e01700f9000080d2010000d4e20303aa030081d2"
            "480980d2000080920301a0f2010000d4730080d2120088d2ee03002a3300c0f2340080521200a2f2e0c30091280980d2"
            "410080d2020080d2030080d2040080d2050080d2f31b00f9ee530729010000d4c0feffb7e07fc07900010034e80780d2"
            "c07d4093e1430191021080d2010000d4adffff97edffff178000a0d20600a2d2e60304a9e0030191e1430191e03300f9"
            "200080d2e03700f98000a2d2e03b00f9000081d2881a80d20200a8d2ff7f05a9e03f00f9600080d2ff4300f9010000d4"
            "ef0300aa1f0000f12c010054c80b80d2000080d2010080d2020080d2010000d4e00306aa4fffff97e2ffff17e00306aa"
            "4cffff978cffff97ff1140f16df9ff54e00312aa281d80d2e10f72b2820080d2030080d2040080d2050080d2010000d4"
            "c2ffff17fd7bbea9f35301a9f3030091f40302aa683680d2010000d4a00000b5e00314aa37ffff977f020091000080d2"
            "f35341a9fd7bc2a8c0035fd6"
        ),
    ),
}


def executable(machine: str) -> bytes:
    """The file, for ``x86_64`` or ``aarch64``.

    Source: elf(5).
    """
    made = _MACHINES[machine]
    segments = (
        (
            _LOAD,
            _READ | _EXECUTE,
            0,
            _CODE,
            _CODE,
            _CODE_AT + len(made.code),
            _CODE_AT + len(made.code),
            _DATA_AT,
        ),
        (_LOAD, _READ | _WRITE, _DATA_AT, BASE, BASE, 8, _END - BASE, _DATA_AT),
        (_STACK, _READ | _WRITE, 0, 0, 0, 0, 0, 16),
    )
    header = _HEADER.pack(
        b"\x7fELF", _EXECUTABLE, _LITTLE, _CURRENT, 0,
        _FIXED, made.elf, _CURRENT, _CODE + _CODE_AT + made.entry, _HEADER.size, 0,
        0, _HEADER.size, _SEGMENT.size, len(segments), 0, 0, 0,
    )  # fmt: skip
    head = header + b"".join(_SEGMENT.pack(*one) for one in segments)
    return (head.ljust(_CODE_AT, b"\0") + made.code).ljust(_DATA_AT, b"\0") + bytes(8)


def spawn_at(machine: str) -> int:
    """Where in the file `spawn` begins."""
    return _CODE_AT + _MACHINES[machine].spawn
