/** Bytes of a metainfo file, and of an info dictionary that a peer sends. libtorrent has the same bound. */
export const MAX_METAINFO_BYTES = 10 * 1024 * 1024

/** Dictionaries and lists within each other. A file tree needs one for each folder. */
export const MAX_DEPTH = 64

/** Dictionaries, lists, keys and values of which the decoder makes objects at once. */
export const MAX_TOKENS = 100_000

/** The same of a whole torrent, which is read a file at a time. libtorrent has the same bound. */
export const MAX_READ_TOKENS = 3_000_000

/** Pieces of a content; more would make bitfields and requests unwieldy. libtorrent has the same bound. */
export const MAX_PIECES = 2 ** 21

/** BEP 52: a piece is 16 KiB times a power of two. */
export const MIN_PIECE_LENGTH = 16 * 1024

/** Longest piece that is read from others' metainfo. */
export const MAX_PIECE_LENGTH = 128 * 1024 * 1024

/** What `choosePieceLength` stays within: for one file, and for several. */
export const SHORTEST_CHOSEN_PIECE = 1024 * 1024
export const SHORTEST_SHARED_PIECE = 256 * 1024
export const LONGEST_CHOSEN_PIECE = 16 * 1024 * 1024

/** Longest name of a file or folder, in bytes of UTF-8: what ext4, APFS and NTFS can hold. */
export const MAX_NAME_BYTES = 255

/** Longest path below the download folder, in bytes; leaves room for the folder within Linux's 4,096. */
export const MAX_PATH_BYTES = 3072

/** Bytes of a SHA-256 and of a SHA-1 digest. */
export const HASH_BYTES = 32
export const V1_HASH_BYTES = 20
