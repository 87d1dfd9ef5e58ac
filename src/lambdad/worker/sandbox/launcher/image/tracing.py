"""ptrace through ctypes: stop a process, read and set its state, let it make system calls for us.

Sources: ptrace(2), process_vm_readv(2), arch/x86/entry/entry_64.S and include/uapi/linux/ptrace.h of Linux.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import time

from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused

_CONT, _SINGLESTEP, _DETACH = 7, 9, 17
_GETREGSET, _SETREGSET, _SEIZE, _INTERRUPT = 0x4204, 0x4205, 0x4206, 0x4207
_GETSIGMASK, _SETSIGMASK = 0x420A, 0x420B
_EXITKILL = 0x0010_0000
_NT_PRSTATUS, _NT_X86_XSTATE = 1, 0x202
_EVENT_STOP = 128
_WALL = 0x4000_0000

_REGISTERS = struct.Struct("=27Q")
R15, R14, R13, RAX, RDI, ORIG_RAX, RIP, RSP = 0, 1, 2, 10, 14, 15, 16, 19
_ARGUMENTS = (14, 13, 12, 7, 9, 8)  # rdi, rsi, rdx, r10, r8, r9
_MOST_EXTENDED_BYTES = 64 * 1024

_RESTARTS = (1 << 64) - 512  # -ERESTARTSYS: the kernel will make the call again
_NO_CALL = (1 << 64) - 1
_SYSCALL = b"\x0f\x05"
_READS = (0, 19, 45, 47)  # read, readv, recvfrom, recvmsg
CHANNEL_FD = 4
_POLL_S = 0.001

_libc = ctypes.PyDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
for _name in ("process_vm_readv", "process_vm_writev"):
    _function = getattr(_libc, _name)
    _function.restype = ctypes.c_ssize_t
    _function.argtypes = (
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_ulong,
    )


def require_architecture() -> None:
    """Say no where the registers and the machine code of this package are not those of the host.

    Raises:
        Refused: not x86_64.
    """
    if platform.machine() != "x86_64":
        raise Refused(f"memory images are made on x86_64 only, this is {platform.machine()}")


class Tracee:
    """A process that this one traces.

    Args:
        pid: its number here.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._gate = 0

    def seize(self, *, dies_with_us: bool = False) -> None:
        """Begin to trace, without stopping it.

        Raises:
            ImageError: it may not be traced, or is gone.
        """
        self._ptrace("trace", _SEIZE, 0, _EXITKILL if dies_with_us else 0)

    def stop_waiting(self, within_s: float) -> list[int]:
        """Stop it in a read of its channel.

        Returns:
            Its registers, as the kernel would go on with them.

        Raises:
            Refused: it did not come to wait there in time.
        """
        give_up = time.monotonic() + within_s
        while True:
            self._ptrace("interrupt", _INTERRUPT, 0, 0)
            status = self._wait()
            if status >> 8 != signal.SIGTRAP | _EVENT_STOP << 8:
                raise Refused(f"process {self.pid} was stopped by signal {os.WSTOPSIG(status)}")
            registers = self.registers()
            if _waits(registers):
                self._gate = registers[RIP] - len(_SYSCALL)
                if self.read(self._gate, len(_SYSCALL)) != _SYSCALL:
                    raise Refused("its system calls are not made by the instruction syscall")
                return registers
            self._ptrace("continue", _CONT, 0, 0)
            if time.monotonic() > give_up:
                raise Refused(f"process {self.pid} does not wait on its channel")
            time.sleep(_POLL_S)

    def registers(self) -> list[int]:
        """The general registers, in the order of struct user_regs_struct."""
        return list(_REGISTERS.unpack(self._get(_NT_PRSTATUS, _REGISTERS.size)))

    def set_registers(self, registers: list[int]) -> None:
        """Set the general registers."""
        self._set(_NT_PRSTATUS, _REGISTERS.pack(*registers))

    def extended(self) -> bytes:
        """Floating point and vector registers, as the processor saves them."""
        return self._get(_NT_X86_XSTATE, _MOST_EXTENDED_BYTES)

    def set_extended(self, state: bytes) -> None:
        """Set floating point and vector registers."""
        self._set(_NT_X86_XSTATE, state)

    def signal_mask(self) -> int:
        """Blocked signals, one bit each."""
        mask = ctypes.c_uint64()
        self._ptrace("read the signal mask", _GETSIGMASK, 8, ctypes.addressof(mask))
        return mask.value

    def set_signal_mask(self, blocked: int) -> None:
        """Block these signals and no other."""
        mask = ctypes.c_uint64(blocked)
        self._ptrace("set the signal mask", _SETSIGMASK, 8, ctypes.addressof(mask))

    def call(self, number: int, *arguments: int) -> int:
        """Let the process make a system call.

        Raises:
            ImageError: the call failed.
        """
        registers = self.registers()
        registers[RAX], registers[ORIG_RAX], registers[RIP] = number, _NO_CALL, self._gate
        for at, value in zip(_ARGUMENTS, arguments, strict=False):
            registers[at] = value & _NO_CALL
        self.set_registers(registers)
        self._ptrace("step", _SINGLESTEP, 0, 0)
        self._expect_trap()
        result = self.registers()[RAX]
        if result > _NO_CALL - 4095:
            error = _NO_CALL + 1 - result
            raise ImageError(f"system call {number} in process {self.pid}: {os.strerror(error)}")
        return result

    def run(self, code: int, first_step: int, image_fd: int) -> list[int]:
        """Run the code of `steps` to its end; returns the registers then."""
        registers = self.registers()
        registers[RIP], registers[ORIG_RAX] = code, _NO_CALL
        registers[R15], registers[R13] = first_step, image_fd & _NO_CALL
        self.set_registers(registers)
        self._ptrace("continue", _CONT, 0, 0)
        self._expect_trap()
        return self.registers()

    def wait_again(self, registers: list[int]) -> None:
        """Let it go on with these registers, of a process that waited: the read is made again."""
        again = list(registers)
        again[RAX], again[RIP], again[ORIG_RAX] = again[ORIG_RAX], again[RIP] - len(_SYSCALL), _NO_CALL
        self.set_registers(again)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of its memory."""
        buffer = ctypes.create_string_buffer(size)
        self._transfer("process_vm_readv", buffer, address, size)
        return buffer.raw

    def write(self, address: int, content: bytes) -> None:
        """Change its memory, where it may itself."""
        buffer = ctypes.create_string_buffer(content, len(content))
        self._transfer("process_vm_writev", buffer, address, len(content))

    def detach(self) -> None:
        """Let it run, untraced."""
        self._ptrace("detach", _DETACH, 0, 0)

    def _transfer(self, name: str, buffer: ctypes.Array[ctypes.c_char], address: int, size: int) -> None:
        ours = struct.pack("=2Q", ctypes.addressof(buffer), size)
        theirs = struct.pack("=2Q", address, size)
        if getattr(_libc, name)(self.pid, ours, 1, theirs, 1, 0) != size:
            raise ImageError(f"{name} of process {self.pid}: {os.strerror(ctypes.get_errno())}")

    def _get(self, kind: int, most: int) -> bytes:
        buffer = ctypes.create_string_buffer(most)
        vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), most)
        self._ptrace("read registers", _GETREGSET, kind, ctypes.addressof(vector))
        return buffer.raw[: vector[1]]

    def _set(self, kind: int, content: bytes) -> None:
        buffer = ctypes.create_string_buffer(content, len(content))
        vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), len(content))
        self._ptrace("set registers", _SETREGSET, kind, ctypes.addressof(vector))

    def _expect_trap(self) -> None:
        status = self._wait()
        if os.WSTOPSIG(status) != signal.SIGTRAP or status >> 16:
            raise ImageError(f"process {self.pid} met signal {os.WSTOPSIG(status)}")

    def _wait(self) -> int:
        _, status = os.waitpid(self.pid, _WALL)
        if not os.WIFSTOPPED(status):
            raise ImageError(f"process {self.pid} has ended")
        return status

    def _ptrace(self, what: str, request: int, address: int, data: int) -> None:
        if _libc.ptrace(request, self.pid, address, data) < 0:
            raise ImageError(f"{what} process {self.pid}: {os.strerror(ctypes.get_errno())}")


def _waits(registers: list[int]) -> bool:
    return registers[RAX] == _RESTARTS and registers[ORIG_RAX] in _READS and registers[RDI] == CHANNEL_FD
