/** Bytes of one read while hashing: large enough to keep the disk busy, small enough to stay in the processor's cache. */
export const READ_BYTES = 1024 * 1024

/** Open files of one store at most; below the 256 that macOS allows a process, with room for sockets. */
export const MAX_OPEN_FILES = 64

/** How long an open file of somebody else's is trusted before its size and time are looked at again, in milliseconds. */
export const RECHECK_AFTER = 1000

/** Unit roots that a store keeps in memory, in bytes; 32 MiB stand for 128 GiB of content. */
export const MAX_KEPT_ROOTS = 32 * 1024 * 1024

/** Reads of at most this much are made at once, as long as none takes the disk's time. */
export const MAX_QUICK_BYTES = 1024 * 1024

/**
 * Bytes that are written at once. For a megabyte Linux looks for one large block of memory, and on virtual machines takes one
 * that was given back to the host: the copy then costs six times as much as to memory that was in use a moment ago.
 */
export const WRITE_BYTES = 128 * 1024

/**
 * A call that takes longer than this, in milliseconds, where calls take so long on average, has waited for a disk: threads make
 * the calls for so long then.
 */
export const SLOW_CALL = 4
export const SLOW_AVERAGE = 1
export const SLOW_FOR = 250

/** Milliseconds after which a turn of the loop has had enough of calls that are made at once. */
export const TURN = 10
