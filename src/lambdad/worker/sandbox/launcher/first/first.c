/* The first process of a sandbox: carries out tables of system calls, and tells which children have ended.
 *
 * It decides nothing: which calls are made, in which order and what follows an error is in the table
 * (table.py). Nothing but descriptor 3 brings tables; when that ends, it ends, and the kernel ends the rest of
 * the sandbox. There is no libc, no heap and no constant in memory: the code is one page that every sandbox
 * shares, and what it writes is the message it has received and one page of stack.
 *
 * The same code is mapped into the launcher and its fork servers, where `spawn` clones a child that carries out
 * a table, too. machine.py holds the compiled code and says how it was made from this file.
 */

#define BASE 0x10000000UL
#define SIZE 0x40000UL /* of a message */
#define GIVEN (BASE + SIZE) /* descriptors that came along, as a control message */
#define GIVEN_SIZE 0x800
#define PLACES (GIVEN + GIVEN_SIZE) /* whose end is told: process ids, put here by tables */
#define MOST_PLACES 32
#define NOBODY 0x7fffffff
#define KEPT 0x4000UL /* of a larger message the memory is given back */
#define CONTROL 3

typedef struct {
    long number; /* then: what the call has answered */
    long arguments[6];
    unsigned char loaded; /* bit i: argument i is the address of an int; bit 6: an error is nothing to tell */
    unsigned char stepped; /* which argument grows by one every time */
    unsigned short times; /* how often */
    unsigned short failed, zero; /* which row follows an error, or a 0 */
} Row;

typedef struct {
    long error, at, value;
    unsigned kind, number;
    Row *rows;
} Head;

#define MAY_FAIL 64
#define END -1
#define SET -2 /* *(int *)first = second */

#ifdef __x86_64__
enum { READ = 0, CLOSE = 3, SIGPROCMASK = 14, MADVISE = 28, SENDTO = 44, RECVMSG = 47, WAIT4 = 61,
       EXIT_GROUP = 231, PPOLL = 271, SIGNALFD4 = 289 };

static inline long call(long n, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#else
enum { READ = 63, CLOSE = 57, SIGPROCMASK = 135, MADVISE = 233, SENDTO = 206, RECVMSG = 212, WAIT4 = 260,
       EXIT_GROUP = 94, PPOLL = 73, SIGNALFD4 = 74 };

static inline long call(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#endif

__attribute__((used, noinline)) static void carry_out(Head *head)
{
    long at = 0;
    for (;;) {
        Row *row = head->rows + at;
        long number = row->number, result;
        unsigned short left = row->times;
        if (number == END)
            return;
        for (;;) {
            long given[6];
            for (int i = 0; i < 6; i++)
                given[i] = row->loaded >> i & 1 ? *(volatile int *)row->arguments[i] : row->arguments[i];
            if (number == SET)
                result = *(volatile int *)given[0] = given[1];
            else
                result = call(number, given[0], given[1], given[2], given[3], given[4], given[5]);
            if ((unsigned long)result > -4096UL || --left == 0)
                break;
            row->arguments[row->stepped]++;
        }
        row->number = result;
        if ((unsigned long)result > -4096UL) {
            if (!(row->loaded & MAY_FAIL)) {
                head->error = result;
                head->at = at;
            }
            at = row->failed;
        } else
            at = result ? at + 1 : row->zero;
    }
}

static inline void tell_who_ended(void)
{
    int *places = (int *)PLACES, status, pid;
    while ((pid = call(WAIT4, -1, (long)&status, 1 /* WNOHANG */, 0, 0, 0)) > 0)
        for (int place = 0; place < MOST_PLACES; place++)
            if (places[place] == pid) {
                Head told = {0, 0, status, 1 /* ENDED */, place, 0};
                places[place] = NOBODY;
                call(SENDTO, CONTROL, (long)&told, 32, 0x4000 /* MSG_NOSIGNAL */, 0, 0);
            }
}

struct poll { int descriptor; short events, seen; };
struct piece { void *base; unsigned long size; };
struct message { void *name; long name_size; struct piece *pieces; long count; void *control;
                 unsigned long control_size; long flags; };

__attribute__((noreturn, section(".text.start"))) void _start(void)
{
    unsigned long child = 1UL << (17 - 1); /* SIGCHLD */
    call(SIGPROCMASK, 0, (long)&child, 0, 8, 0, 0);
    int signals = call(SIGNALFD4, -1, (long)&child, 8, 02004000 /* CLOEXEC, NONBLOCK */, 0, 0);
    for (;;) {
        char signal[128];
        struct poll both[2] = {{CONTROL, 1, 0}, {signals, 1, 0}};
        if (call(PPOLL, (long)both, 2, 0, 0, 0, 0) < 0)
            continue;
        if (both[1].seen) { /* an end is told before the next table is carried out */
            call(READ, signals, (long)signal, sizeof signal, 0, 0, 0);
            tell_who_ended();
            continue;
        }
        struct piece whole = {(void *)BASE, SIZE};
        struct message message = {0, 0, &whole, 1, (void *)GIVEN, GIVEN_SIZE, 0};
        long size = call(RECVMSG, CONTROL, (long)&message, 0x40000000 /* CMSG_CLOEXEC */, 0, 0, 0);
        if (size <= 0)
            call(EXIT_GROUP, 0, 0, 0, 0, 0, 0);
        carry_out((Head *)BASE);
        tell_who_ended(); /* who ended before there was a place, or before this program began */
        if (size > (long)KEPT)
            call(MADVISE, BASE + KEPT, SIZE - KEPT, 4 /* DONTNEED */, 0, 0, 0);
    }
}

/* long spawn(clone_args, size, table): as clone3, with a stack of the child's own. It carries out the table, which
 * ends it. If the table has cloned another one, and ends in that, that one returns 0 here, on the stack of whoever
 * called: in a copy of its memory, while it waits (CLONE_VFORK).
 */
#ifdef __x86_64__
__asm__(".globl spawn\nspawn:\n"
        "push %rbx\n push %rbp\n mov %rsp, %rbp\n mov %rdx, %rbx\n mov $435, %eax\n syscall\n"
        "test %rax, %rax\n jnz 1f\n mov %rbx, %rdi\n call carry_out\n"
        "mov %rbp, %rsp\n xor %eax, %eax\n 1: pop %rbp\n pop %rbx\n ret\n");
#else
__asm__(".globl spawn\nspawn:\n"
        "stp x29, x30, [sp, -32]!\n stp x19, x20, [sp, 16]\n mov x19, sp\n mov x20, x2\n"
        "mov x8, 435\n svc 0\n cbnz x0, 1f\n mov x0, x20\n bl carry_out\n"
        "mov sp, x19\n mov x0, 0\n 1: ldp x19, x20, [sp, 16]\n ldp x29, x30, [sp], 32\n ret\n");
#endif
