import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Message {
    terms?: Terms;
    hello?: Hello;
    accept?: Accept;
    refuse?: Refuse;
    want?: Want;
    cancel?: Cancel;
    hashes?: Hashes;
    data?: Data;
    have?: Have;
    receipt?: Receipt;
    held?: Held;
    close?: Close;
    infoRequest?: InfoRequest;
    info?: Info;
    layersRequest?: LayersRequest;
    layers?: Layers;
}
export declare namespace Message {
    const codec: () => Codec<Message>;
    interface MessageTermsSeederFieldEvent {
        field: '$.terms.seeder';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageTermsChainIdFieldEvent {
        field: '$.terms.chainId';
        value: bigint;
    }
    interface MessageTermsSettlementFieldEvent {
        field: '$.terms.settlement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageTermsLanesFieldEvent {
        field: '$.terms.lanes[]';
        index: number;
        value: bigint;
    }
    interface MessageTermsPricePerGiBFieldEvent {
        field: '$.terms.pricePerGiB';
        value: bigint;
    }
    interface MessageTermsSequenceFieldEvent {
        field: '$.terms.sequence';
        value: bigint;
    }
    interface MessageTermsExpiryFieldEvent {
        field: '$.terms.expiry';
        value: bigint;
    }
    interface MessageTermsSignerFieldEvent {
        field: '$.terms.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageTermsSignatureFieldEvent {
        field: '$.terms.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageTermsNonceFieldEvent {
        field: '$.terms.nonce';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageTermsFreeCapacityFieldEvent {
        field: '$.terms.freeCapacity';
        value: number;
    }
    interface MessageHelloContentIdFieldEvent {
        field: '$.hello.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionSponsorFieldEvent {
        field: '$.hello.session.sponsor';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionLaneFieldEvent {
        field: '$.hello.session.lane';
        value: bigint;
    }
    interface MessageHelloSessionPricePerGiBFieldEvent {
        field: '$.hello.session.pricePerGiB';
        value: bigint;
    }
    interface MessageHelloSessionIndexFieldEvent {
        field: '$.hello.session.index';
        value: bigint;
    }
    interface MessageHelloSessionSessionFieldEvent {
        field: '$.hello.session.session';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionMaxBytesFieldEvent {
        field: '$.hello.session.maxBytes';
        value: bigint;
    }
    interface MessageHelloSessionExpiryFieldEvent {
        field: '$.hello.session.expiry';
        value: bigint;
    }
    interface MessageHelloSessionHeadFieldEvent {
        field: '$.hello.session.head';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionSignerFieldEvent {
        field: '$.hello.session.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionSignatureFieldEvent {
        field: '$.hello.session.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionFromFieldEvent {
        field: '$.hello.session.from';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionLinesSessionKeyFieldEvent {
        field: '$.hello.session.lines[].sessionKey';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface MessageHelloSessionLinesMaxBytesFieldEvent {
        field: '$.hello.session.lines[].maxBytes';
        value: bigint;
        index: number;
    }
    interface MessageHelloSessionTicketContentIdFieldEvent {
        field: '$.hello.session.ticket.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionTicketHolderFieldEvent {
        field: '$.hello.session.ticket.holder';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionTicketNotAfterFieldEvent {
        field: '$.hello.session.ticket.notAfter';
        value: bigint;
    }
    interface MessageHelloSessionTicketSignerFieldEvent {
        field: '$.hello.session.ticket.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionTicketSignatureFieldEvent {
        field: '$.hello.session.ticket.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionReceiptBytesServedFieldEvent {
        field: '$.hello.session.receipt.bytesServed';
        value: bigint;
    }
    interface MessageHelloSessionReceiptSignatureFieldEvent {
        field: '$.hello.session.receipt.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionProofFieldEvent {
        field: '$.hello.session.proof';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHelloSessionSessionKeyFieldEvent {
        field: '$.hello.session.sessionKey';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageAcceptWindowFieldEvent {
        field: '$.accept.window';
        value: bigint;
    }
    interface MessageAcceptBitfieldFieldEvent {
        field: '$.accept.bitfield';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageAcceptReceiptBytesServedFieldEvent {
        field: '$.accept.receipt.bytesServed';
        value: bigint;
    }
    interface MessageAcceptReceiptSignatureFieldEvent {
        field: '$.accept.receipt.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageRefuseReasonFieldEvent {
        field: '$.refuse.reason';
        value: number;
    }
    interface MessageRefuseWordsFieldEvent {
        field: '$.refuse.words';
        value: string;
    }
    interface MessageWantPieceFieldEvent {
        field: '$.want.piece';
        value: number;
    }
    interface MessageWantOffsetFieldEvent {
        field: '$.want.offset';
        value: number;
    }
    interface MessageWantLengthFieldEvent {
        field: '$.want.length';
        value: number;
    }
    interface MessageWantHashesFieldEvent {
        field: '$.want.hashes';
        value: boolean;
    }
    interface MessageCancelPieceFieldEvent {
        field: '$.cancel.piece';
        value: number;
    }
    interface MessageCancelOffsetFieldEvent {
        field: '$.cancel.offset';
        value: number;
    }
    interface MessageHashesPieceFieldEvent {
        field: '$.hashes.piece';
        value: number;
    }
    interface MessageHashesRootsFieldEvent {
        field: '$.hashes.roots';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageDataPieceFieldEvent {
        field: '$.data.piece';
        value: number;
    }
    interface MessageDataOffsetFieldEvent {
        field: '$.data.offset';
        value: number;
    }
    interface MessageDataLengthFieldEvent {
        field: '$.data.length';
        value: number;
    }
    interface MessageHavePiecesFieldEvent {
        field: '$.have.pieces[]';
        index: number;
        value: number;
    }
    interface MessageReceiptBytesServedFieldEvent {
        field: '$.receipt.bytesServed';
        value: bigint;
    }
    interface MessageReceiptSignatureFieldEvent {
        field: '$.receipt.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageHeldBytesServedFieldEvent {
        field: '$.held.bytesServed';
        value: bigint;
    }
    interface MessageHeldWindowFieldEvent {
        field: '$.held.window';
        value: bigint;
    }
    interface MessageCloseReasonFieldEvent {
        field: '$.close.reason';
        value: number;
    }
    interface MessageCloseWordsFieldEvent {
        field: '$.close.words';
        value: string;
    }
    interface MessageInfoRequestContentIdFieldEvent {
        field: '$.infoRequest.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageInfoInfoFieldEvent {
        field: '$.info.info';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageLayersRequestPiecesRootFieldEvent {
        field: '$.layersRequest.piecesRoot';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageLayersPiecesRootFieldEvent {
        field: '$.layers.piecesRoot';
        value: Uint8Array<ArrayBuffer>;
    }
    interface MessageLayersLayerFieldEvent {
        field: '$.layers.layer';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Message>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Message;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Generator<MessageTermsSeederFieldEvent | MessageTermsChainIdFieldEvent | MessageTermsSettlementFieldEvent | MessageTermsLanesFieldEvent | MessageTermsPricePerGiBFieldEvent | MessageTermsSequenceFieldEvent | MessageTermsExpiryFieldEvent | MessageTermsSignerFieldEvent | MessageTermsSignatureFieldEvent | MessageTermsNonceFieldEvent | MessageTermsFreeCapacityFieldEvent | MessageHelloContentIdFieldEvent | MessageHelloSessionSponsorFieldEvent | MessageHelloSessionLaneFieldEvent | MessageHelloSessionPricePerGiBFieldEvent | MessageHelloSessionIndexFieldEvent | MessageHelloSessionSessionFieldEvent | MessageHelloSessionMaxBytesFieldEvent | MessageHelloSessionExpiryFieldEvent | MessageHelloSessionHeadFieldEvent | MessageHelloSessionSignerFieldEvent | MessageHelloSessionSignatureFieldEvent | MessageHelloSessionFromFieldEvent | MessageHelloSessionLinesSessionKeyFieldEvent | MessageHelloSessionLinesMaxBytesFieldEvent | MessageHelloSessionTicketContentIdFieldEvent | MessageHelloSessionTicketHolderFieldEvent | MessageHelloSessionTicketNotAfterFieldEvent | MessageHelloSessionTicketSignerFieldEvent | MessageHelloSessionTicketSignatureFieldEvent | MessageHelloSessionReceiptBytesServedFieldEvent | MessageHelloSessionReceiptSignatureFieldEvent | MessageHelloSessionProofFieldEvent | MessageHelloSessionSessionKeyFieldEvent | MessageAcceptWindowFieldEvent | MessageAcceptBitfieldFieldEvent | MessageAcceptReceiptBytesServedFieldEvent | MessageAcceptReceiptSignatureFieldEvent | MessageRefuseReasonFieldEvent | MessageRefuseWordsFieldEvent | MessageWantPieceFieldEvent | MessageWantOffsetFieldEvent | MessageWantLengthFieldEvent | MessageWantHashesFieldEvent | MessageCancelPieceFieldEvent | MessageCancelOffsetFieldEvent | MessageHashesPieceFieldEvent | MessageHashesRootsFieldEvent | MessageDataPieceFieldEvent | MessageDataOffsetFieldEvent | MessageDataLengthFieldEvent | MessageHavePiecesFieldEvent | MessageReceiptBytesServedFieldEvent | MessageReceiptSignatureFieldEvent | MessageHeldBytesServedFieldEvent | MessageHeldWindowFieldEvent | MessageCloseReasonFieldEvent | MessageCloseWordsFieldEvent | MessageInfoRequestContentIdFieldEvent | MessageInfoInfoFieldEvent | MessageLayersRequestPiecesRootFieldEvent | MessageLayersPiecesRootFieldEvent | MessageLayersLayerFieldEvent>;
}
export interface Terms {
    seeder: Uint8Array<ArrayBuffer>;
    chainId: bigint;
    settlement: Uint8Array<ArrayBuffer>;
    lanes: bigint[];
    pricePerGiB: bigint;
    sequence: bigint;
    expiry: bigint;
    signer: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
    nonce: Uint8Array<ArrayBuffer>;
    freeCapacity: number;
}
export declare namespace Terms {
    const codec: () => Codec<Terms>;
    interface TermsSeederFieldEvent {
        field: '$.seeder';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TermsChainIdFieldEvent {
        field: '$.chainId';
        value: bigint;
    }
    interface TermsSettlementFieldEvent {
        field: '$.settlement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TermsLanesFieldEvent {
        field: '$.lanes[]';
        index: number;
        value: bigint;
    }
    interface TermsPricePerGiBFieldEvent {
        field: '$.pricePerGiB';
        value: bigint;
    }
    interface TermsSequenceFieldEvent {
        field: '$.sequence';
        value: bigint;
    }
    interface TermsExpiryFieldEvent {
        field: '$.expiry';
        value: bigint;
    }
    interface TermsSignerFieldEvent {
        field: '$.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TermsSignatureFieldEvent {
        field: '$.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TermsNonceFieldEvent {
        field: '$.nonce';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TermsFreeCapacityFieldEvent {
        field: '$.freeCapacity';
        value: number;
    }
    function encode(obj: Partial<Terms>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Terms>): Terms;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Terms>): Generator<TermsSeederFieldEvent | TermsChainIdFieldEvent | TermsSettlementFieldEvent | TermsLanesFieldEvent | TermsPricePerGiBFieldEvent | TermsSequenceFieldEvent | TermsExpiryFieldEvent | TermsSignerFieldEvent | TermsSignatureFieldEvent | TermsNonceFieldEvent | TermsFreeCapacityFieldEvent>;
}
export interface Line {
    sessionKey: Uint8Array<ArrayBuffer>;
    maxBytes: bigint;
}
export declare namespace Line {
    const codec: () => Codec<Line>;
    interface LineSessionKeyFieldEvent {
        field: '$.sessionKey';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LineMaxBytesFieldEvent {
        field: '$.maxBytes';
        value: bigint;
    }
    function encode(obj: Partial<Line>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Line>): Line;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Line>): Generator<LineSessionKeyFieldEvent | LineMaxBytesFieldEvent>;
}
export interface Session {
    sponsor: Uint8Array<ArrayBuffer>;
    lane: bigint;
    pricePerGiB: bigint;
    index: bigint;
    session: Uint8Array<ArrayBuffer>;
    maxBytes: bigint;
    expiry: bigint;
    head: Uint8Array<ArrayBuffer>;
    signer: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
    from: Uint8Array<ArrayBuffer>;
    lines: Line[];
    ticket?: Ticket;
    receipt?: Receipt;
    proof: Uint8Array<ArrayBuffer>;
    sessionKey: Uint8Array<ArrayBuffer>;
}
export declare namespace Session {
    const codec: () => Codec<Session>;
    interface SessionSponsorFieldEvent {
        field: '$.sponsor';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionLaneFieldEvent {
        field: '$.lane';
        value: bigint;
    }
    interface SessionPricePerGiBFieldEvent {
        field: '$.pricePerGiB';
        value: bigint;
    }
    interface SessionIndexFieldEvent {
        field: '$.index';
        value: bigint;
    }
    interface SessionSessionFieldEvent {
        field: '$.session';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionMaxBytesFieldEvent {
        field: '$.maxBytes';
        value: bigint;
    }
    interface SessionExpiryFieldEvent {
        field: '$.expiry';
        value: bigint;
    }
    interface SessionHeadFieldEvent {
        field: '$.head';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionSignerFieldEvent {
        field: '$.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionSignatureFieldEvent {
        field: '$.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionFromFieldEvent {
        field: '$.from';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionLinesSessionKeyFieldEvent {
        field: '$.lines[].sessionKey';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface SessionLinesMaxBytesFieldEvent {
        field: '$.lines[].maxBytes';
        value: bigint;
        index: number;
    }
    interface SessionTicketContentIdFieldEvent {
        field: '$.ticket.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionTicketHolderFieldEvent {
        field: '$.ticket.holder';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionTicketNotAfterFieldEvent {
        field: '$.ticket.notAfter';
        value: bigint;
    }
    interface SessionTicketSignerFieldEvent {
        field: '$.ticket.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionTicketSignatureFieldEvent {
        field: '$.ticket.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionReceiptBytesServedFieldEvent {
        field: '$.receipt.bytesServed';
        value: bigint;
    }
    interface SessionReceiptSignatureFieldEvent {
        field: '$.receipt.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionProofFieldEvent {
        field: '$.proof';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SessionSessionKeyFieldEvent {
        field: '$.sessionKey';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Session>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Session>): Session;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Session>): Generator<SessionSponsorFieldEvent | SessionLaneFieldEvent | SessionPricePerGiBFieldEvent | SessionIndexFieldEvent | SessionSessionFieldEvent | SessionMaxBytesFieldEvent | SessionExpiryFieldEvent | SessionHeadFieldEvent | SessionSignerFieldEvent | SessionSignatureFieldEvent | SessionFromFieldEvent | SessionLinesSessionKeyFieldEvent | SessionLinesMaxBytesFieldEvent | SessionTicketContentIdFieldEvent | SessionTicketHolderFieldEvent | SessionTicketNotAfterFieldEvent | SessionTicketSignerFieldEvent | SessionTicketSignatureFieldEvent | SessionReceiptBytesServedFieldEvent | SessionReceiptSignatureFieldEvent | SessionProofFieldEvent | SessionSessionKeyFieldEvent>;
}
export interface Ticket {
    contentId: Uint8Array<ArrayBuffer>;
    holder: Uint8Array<ArrayBuffer>;
    notAfter: bigint;
    signer: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
}
export declare namespace Ticket {
    const codec: () => Codec<Ticket>;
    interface TicketContentIdFieldEvent {
        field: '$.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TicketHolderFieldEvent {
        field: '$.holder';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TicketNotAfterFieldEvent {
        field: '$.notAfter';
        value: bigint;
    }
    interface TicketSignerFieldEvent {
        field: '$.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface TicketSignatureFieldEvent {
        field: '$.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Ticket>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ticket>): Ticket;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ticket>): Generator<TicketContentIdFieldEvent | TicketHolderFieldEvent | TicketNotAfterFieldEvent | TicketSignerFieldEvent | TicketSignatureFieldEvent>;
}
export interface Hello {
    contentId: Uint8Array<ArrayBuffer>;
    session?: Session;
}
export declare namespace Hello {
    const codec: () => Codec<Hello>;
    interface HelloContentIdFieldEvent {
        field: '$.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionSponsorFieldEvent {
        field: '$.session.sponsor';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionLaneFieldEvent {
        field: '$.session.lane';
        value: bigint;
    }
    interface HelloSessionPricePerGiBFieldEvent {
        field: '$.session.pricePerGiB';
        value: bigint;
    }
    interface HelloSessionIndexFieldEvent {
        field: '$.session.index';
        value: bigint;
    }
    interface HelloSessionSessionFieldEvent {
        field: '$.session.session';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionMaxBytesFieldEvent {
        field: '$.session.maxBytes';
        value: bigint;
    }
    interface HelloSessionExpiryFieldEvent {
        field: '$.session.expiry';
        value: bigint;
    }
    interface HelloSessionHeadFieldEvent {
        field: '$.session.head';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionSignerFieldEvent {
        field: '$.session.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionSignatureFieldEvent {
        field: '$.session.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionFromFieldEvent {
        field: '$.session.from';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionLinesSessionKeyFieldEvent {
        field: '$.session.lines[].sessionKey';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface HelloSessionLinesMaxBytesFieldEvent {
        field: '$.session.lines[].maxBytes';
        value: bigint;
        index: number;
    }
    interface HelloSessionTicketContentIdFieldEvent {
        field: '$.session.ticket.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionTicketHolderFieldEvent {
        field: '$.session.ticket.holder';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionTicketNotAfterFieldEvent {
        field: '$.session.ticket.notAfter';
        value: bigint;
    }
    interface HelloSessionTicketSignerFieldEvent {
        field: '$.session.ticket.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionTicketSignatureFieldEvent {
        field: '$.session.ticket.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionReceiptBytesServedFieldEvent {
        field: '$.session.receipt.bytesServed';
        value: bigint;
    }
    interface HelloSessionReceiptSignatureFieldEvent {
        field: '$.session.receipt.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionProofFieldEvent {
        field: '$.session.proof';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HelloSessionSessionKeyFieldEvent {
        field: '$.session.sessionKey';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Hello>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloContentIdFieldEvent | HelloSessionSponsorFieldEvent | HelloSessionLaneFieldEvent | HelloSessionPricePerGiBFieldEvent | HelloSessionIndexFieldEvent | HelloSessionSessionFieldEvent | HelloSessionMaxBytesFieldEvent | HelloSessionExpiryFieldEvent | HelloSessionHeadFieldEvent | HelloSessionSignerFieldEvent | HelloSessionSignatureFieldEvent | HelloSessionFromFieldEvent | HelloSessionLinesSessionKeyFieldEvent | HelloSessionLinesMaxBytesFieldEvent | HelloSessionTicketContentIdFieldEvent | HelloSessionTicketHolderFieldEvent | HelloSessionTicketNotAfterFieldEvent | HelloSessionTicketSignerFieldEvent | HelloSessionTicketSignatureFieldEvent | HelloSessionReceiptBytesServedFieldEvent | HelloSessionReceiptSignatureFieldEvent | HelloSessionProofFieldEvent | HelloSessionSessionKeyFieldEvent>;
}
export interface Accept {
    window: bigint;
    bitfield: Uint8Array<ArrayBuffer>;
    receipt?: Receipt;
}
export declare namespace Accept {
    const codec: () => Codec<Accept>;
    interface AcceptWindowFieldEvent {
        field: '$.window';
        value: bigint;
    }
    interface AcceptBitfieldFieldEvent {
        field: '$.bitfield';
        value: Uint8Array<ArrayBuffer>;
    }
    interface AcceptReceiptBytesServedFieldEvent {
        field: '$.receipt.bytesServed';
        value: bigint;
    }
    interface AcceptReceiptSignatureFieldEvent {
        field: '$.receipt.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Accept>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Accept;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Generator<AcceptWindowFieldEvent | AcceptBitfieldFieldEvent | AcceptReceiptBytesServedFieldEvent | AcceptReceiptSignatureFieldEvent>;
}
export interface Refuse {
    reason: number;
    words: string;
}
export declare namespace Refuse {
    const codec: () => Codec<Refuse>;
    interface RefuseReasonFieldEvent {
        field: '$.reason';
        value: number;
    }
    interface RefuseWordsFieldEvent {
        field: '$.words';
        value: string;
    }
    function encode(obj: Partial<Refuse>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refuse>): Refuse;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refuse>): Generator<RefuseReasonFieldEvent | RefuseWordsFieldEvent>;
}
export interface Want {
    piece: number;
    offset: number;
    length: number;
    hashes: boolean;
}
export declare namespace Want {
    const codec: () => Codec<Want>;
    interface WantPieceFieldEvent {
        field: '$.piece';
        value: number;
    }
    interface WantOffsetFieldEvent {
        field: '$.offset';
        value: number;
    }
    interface WantLengthFieldEvent {
        field: '$.length';
        value: number;
    }
    interface WantHashesFieldEvent {
        field: '$.hashes';
        value: boolean;
    }
    function encode(obj: Partial<Want>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Want;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Generator<WantPieceFieldEvent | WantOffsetFieldEvent | WantLengthFieldEvent | WantHashesFieldEvent>;
}
export interface Cancel {
    piece: number;
    offset: number;
}
export declare namespace Cancel {
    const codec: () => Codec<Cancel>;
    interface CancelPieceFieldEvent {
        field: '$.piece';
        value: number;
    }
    interface CancelOffsetFieldEvent {
        field: '$.offset';
        value: number;
    }
    function encode(obj: Partial<Cancel>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Cancel;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Generator<CancelPieceFieldEvent | CancelOffsetFieldEvent>;
}
export interface Hashes {
    piece: number;
    roots: Uint8Array<ArrayBuffer>;
}
export declare namespace Hashes {
    const codec: () => Codec<Hashes>;
    interface HashesPieceFieldEvent {
        field: '$.piece';
        value: number;
    }
    interface HashesRootsFieldEvent {
        field: '$.roots';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Hashes>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hashes>): Hashes;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hashes>): Generator<HashesPieceFieldEvent | HashesRootsFieldEvent>;
}
export interface Data {
    piece: number;
    offset: number;
    length: number;
}
export declare namespace Data {
    const codec: () => Codec<Data>;
    interface DataPieceFieldEvent {
        field: '$.piece';
        value: number;
    }
    interface DataOffsetFieldEvent {
        field: '$.offset';
        value: number;
    }
    interface DataLengthFieldEvent {
        field: '$.length';
        value: number;
    }
    function encode(obj: Partial<Data>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Data>): Data;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Data>): Generator<DataPieceFieldEvent | DataOffsetFieldEvent | DataLengthFieldEvent>;
}
export interface Have {
    pieces: number[];
}
export declare namespace Have {
    const codec: () => Codec<Have>;
    interface HavePiecesFieldEvent {
        field: '$.pieces[]';
        index: number;
        value: number;
    }
    function encode(obj: Partial<Have>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Have>): Have;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Have>): Generator<HavePiecesFieldEvent>;
}
export interface Receipt {
    bytesServed: bigint;
    signature: Uint8Array<ArrayBuffer>;
}
export declare namespace Receipt {
    const codec: () => Codec<Receipt>;
    interface ReceiptBytesServedFieldEvent {
        field: '$.bytesServed';
        value: bigint;
    }
    interface ReceiptSignatureFieldEvent {
        field: '$.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Receipt>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Receipt;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Generator<ReceiptBytesServedFieldEvent | ReceiptSignatureFieldEvent>;
}
export interface Held {
    bytesServed: bigint;
    window: bigint;
}
export declare namespace Held {
    const codec: () => Codec<Held>;
    interface HeldBytesServedFieldEvent {
        field: '$.bytesServed';
        value: bigint;
    }
    interface HeldWindowFieldEvent {
        field: '$.window';
        value: bigint;
    }
    function encode(obj: Partial<Held>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Held;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Generator<HeldBytesServedFieldEvent | HeldWindowFieldEvent>;
}
export interface Close {
    reason: number;
    words: string;
}
export declare namespace Close {
    const codec: () => Codec<Close>;
    interface CloseReasonFieldEvent {
        field: '$.reason';
        value: number;
    }
    interface CloseWordsFieldEvent {
        field: '$.words';
        value: string;
    }
    function encode(obj: Partial<Close>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Close>): Close;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Close>): Generator<CloseReasonFieldEvent | CloseWordsFieldEvent>;
}
export interface InfoRequest {
    contentId: Uint8Array<ArrayBuffer>;
}
export declare namespace InfoRequest {
    const codec: () => Codec<InfoRequest>;
    interface InfoRequestContentIdFieldEvent {
        field: '$.contentId';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<InfoRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<InfoRequest>): InfoRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<InfoRequest>): Generator<InfoRequestContentIdFieldEvent>;
}
export interface Info {
    info: Uint8Array<ArrayBuffer>;
}
export declare namespace Info {
    const codec: () => Codec<Info>;
    interface InfoInfoFieldEvent {
        field: '$.info';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Info>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Info>): Info;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Info>): Generator<InfoInfoFieldEvent>;
}
export interface LayersRequest {
    piecesRoot: Uint8Array<ArrayBuffer>;
}
export declare namespace LayersRequest {
    const codec: () => Codec<LayersRequest>;
    interface LayersRequestPiecesRootFieldEvent {
        field: '$.piecesRoot';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<LayersRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LayersRequest>): LayersRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LayersRequest>): Generator<LayersRequestPiecesRootFieldEvent>;
}
export interface Layers {
    piecesRoot: Uint8Array<ArrayBuffer>;
    layer: Uint8Array<ArrayBuffer>;
}
export declare namespace Layers {
    const codec: () => Codec<Layers>;
    interface LayersPiecesRootFieldEvent {
        field: '$.piecesRoot';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LayersLayerFieldEvent {
        field: '$.layer';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Layers>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Layers>): Layers;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Layers>): Generator<LayersPiecesRootFieldEvent | LayersLayerFieldEvent>;
}
