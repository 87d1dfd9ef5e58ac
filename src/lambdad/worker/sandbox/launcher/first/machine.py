"""The program that is pid 1 of every sandbox, as a file that can be executed.

It is so small that nobody needs a compiler or a binary on disk: `first.c` is what it was made of, below is
what GCC 12.2 made of it, and `executable` puts that into a file. To make it anew, after a change::

    gcc -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables
        -fno-unwind-tables -fno-pic -fomit-frame-pointer -fno-jump-tables
        -fno-tree-loop-distribute-patterns -nostdlib -static -mgeneral-regs-only
        -fcf-protection=none -mno-red-zone -Wl,-N,-Ttext=0x400100,--build-id=none first.c
    objcopy -O binary -j .text a.out code  # `entry` is the address of _start less 0x400100

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
    code: bytes


_MACHINES = {
    "x86_64": _Machine(
        62,
        191,
        bytes.fromhex(
            "415741bf20000000415641be03000000415541bd2c000000415455534883ec304c8d6424084531d24531c04531c94883"
            "cfffba01000000b83d000000488d7424040f0589c585c07e6731db392c9d00080410754e31c031d2c744242001000000"
            "4531c048894424084531c94c89f74c89e64889442410486344240441ba0040000048895424284c89fa48894424184c89"
            "e8895c2424c7049d00080410ffffff7f0f0548ffc34883fb2075a0e975ffffff4883c4305b5d415c415d415e415fc341"
            "5731d241ba080000004531c041564531c9b80e0000004889d74155415455534881ece800000048c74424100000010048"
            "8d7424100f0541ba00080800b8210100004883cfffba080000000f0589c548984889042431db896c2430488d7c242845"
            "31d24531c04531c9be020000004889da48b80300000001000000c7442434010000004889442428b80f0100000f054885"
            "c078c166837c243600488d7424687415488b3c24ba800000004889d80f05e88dfeffffeb9f31c031d24531d24531c048"
            "894424684531c9bf030000004889442470488d4424184889442478b82f0000004889942498000000ba0000004048c744"
            "24180000001048c74424200000040048c78424800000000100000048c78424880000000000041048c784249000000000"
            "0800000f054989c54885c07f10b8e70000004889df4889de4889da0f054531e44c89e348c1e30648031c25200000104c"
            "8b3366448b7b3a4983feff0f84ad0000000fb6533831c989d6488b44cb08d3fe4080e6017403486300488944cc3848ff"
            "c14883f90675e0488b742440488b7c24384983fefe750789374863c6eb194c8b5424504c8b4424584c89f04c8b4c2460"
            "488b5424480f05483d00f0ffff77116641ffcf74260fb6433948ff44c308eb91488903f6433840752b48890425000000"
            "104c89242508000010eb1948890349ffc44885c00f8546ffffff440fb7633ee93cffffff440fb7633ce932ffffffe82d"
            "fdffff4981fd004000000f8e34feffff4531d24531c04531c9b81c000000bf00400010be00c00300ba040000000f05e9"
            "10feffff"
        ),
    ),
    "aarch64": _Machine(
        183,
        164,
        bytes.fromhex(
            "070081d2ffc300d18700a2f20a00b0122b008052e1130091882080d200008092220080d2030080d2040080d2050080d2"
            "010000d4e903002a1f0000716c000054ffc30091c0035fd6060080d2c0f47ed3016867b83f00096be1010054e10780b9"
            "c81980d2020480d2030088d2040080d2050080d20a6827b8600080d2ffff00a9e10f00f9e1230091eb1b0429ff1700f9"
            "010000d4c6040091df8000f181fdff54ddffff17f37bb1a92000a0d2e81080d2e1630091020080d2030180d2040080d2"
            "050080d2e00f00f9000080d2010000d4e20303aa030081d2480980d2000080920301a0f2010000d46f0080d20e0088d2"
            "ec03002af30301912f00c0f2320080520e00a2f2e0830091280980d2410080d2020080d2030080d2040080d2050080d2"
            "ef1300f9ec4b0529010000d4c0feffb7e05fc07900010034807d4093e1c30191e80780d2021080d2010000d4adffff97"
            "edffff170000a2d2e01b00f98000a0d2e01f00f9e0c30091e04300f9200080d2e04700f98000a2d2e04b00f9000081d2"
            "e1c30191881a80d20200a8d2ff7f07a9e04f00f9600080d2ff5300f9010000d4ed0300aa1f0000f1cc000054c80b80d2"
            "000080d2010080d2020080d2010000d4070080d20b00a2d26a1140f9f0e47ad3486970f84619078bc97440791f0500b1"
            "e0050054d1200091c0e04039010080d2227a61f80328c11a63000036420040b9427c4093627a21f8210400913f1800f1"
            "01ffff54e00744a91f0900b1c1010054010000b9217c40933f0440b1e801005429050051293d007220020054c0e44039"
            "c00c008b010440f921040091010400f9e6ffff17e20f45a9e41746a9010000d4e10300aaf1ffff17416930f8c0e04039"
            "e0003036c7784079d4ffff17416930f8a10000b5c77c4079d0ffff17611d00a9f9ffff17e7040091ccffff1759ffff97"
            "bf1140f10df3ff54e0030eaa281d80d2e10f72b2820080d2030080d2040080d2050080d2010000d48fffff17"
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
