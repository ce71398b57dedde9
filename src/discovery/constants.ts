const MIB = 1024 * 1024

/** The DHT of BitCDN: its own, apart from IPFS's, whose nodes would keep no records of this codec's peers. */
export const KAD_PROTOCOL = '/bitcdn/kad/1.0.0'

/** Both ends need the same initial window; 256 KiB, the default, costs a third of the speed. */
export const STREAM_WINDOW_BYTES = 16 * MIB

/** A paused stream may still be sent its whole window; a smaller buffer would reset it. */
export const READ_BUFFER_BYTES = STREAM_WINDOW_BYTES + MIB

/** Connections that one host may open in a second. libp2p's 5 refuses downloaders behind one address. */
export const INBOUND_CONNECTIONS_PER_SECOND = 64

/** Inbound connections that have not finished their handshake: some never will, for ten seconds each. libp2p has 10. */
export const PENDING_CONNECTIONS = 2_048

export const MAX_CONNECTIONS = 4_096

/** A dial, its handshakes included. */
export const DIAL_MILLISECONDS = 10_000

/** How long a node waits before it looks for its own neighbours in the DHT; others' queries wait for that. */
export const SELF_QUERY_MILLISECONDS = 50

/**
 * How often a connection is asked whether it lives, and how long its answer may take. libp2p's ten and two seconds cut off
 * peers that are only busy.
 */
export const PING_MILLISECONDS = 30_000
export const PONG_MILLISECONDS = 20_000

/**
 * What a relay of ours allows: places, milliseconds that one lasts (who has it asks again five minutes before, and so notices
 * when the relay has forgotten it), and milliseconds and bytes of one relayed connection.
 */
export const RELAY_RESERVATIONS = 256
export const RELAY_RESERVATION = 15 * 60_000
export const RELAY_DURATION = 24 * 3_600_000
export const RELAY_DATA_BYTES = 1n << 40n

/** Relayed connections at once. */
export const RELAY_STREAMS = 512

/** How long a relayed connection is given to become a direct one before it is used as it is, milliseconds. */
export const DIRECT_PATIENCE = 4_000

/** How often it is looked whether peers to start from and relays are connected, milliseconds. */
export const REDIAL_MILLISECONDS = 15_000

/** Peers that are remembered beyond their connections, and records of others that a server of the DHT keeps. */
export const MAX_KNOWN_PEERS = 8_192
export const MAX_DHT_RECORDS = 65_536

/** Bytes that one stream over WebRTC hands on before they are sent. Each stream keeps as many for a reader that does not read. */
export const WEB_RTC_BUFFER_BYTES = 256 * 1024

/** Connections over WebRTC, and those of them that have not finished their handshake. */
export const MAX_WEB_RTC_CONNECTIONS = 1_024
export const PENDING_WEB_RTC_CONNECTIONS = 256
