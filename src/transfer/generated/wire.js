import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var Message;
(function (Message) {
    let _codec;
    Message.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                obj = { ...obj };
                if (obj.layers != null) {
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.layersRequest != null) {
                    obj.layers = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.info != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.infoRequest != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.close != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.held != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.receipt != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.have != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.data != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.hashes != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.cancel != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.want != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.refuse != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.accept != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.hello = undefined;
                    obj.terms = undefined;
                }
                if (obj.hello != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.terms = undefined;
                }
                if (obj.terms != null) {
                    obj.layers = undefined;
                    obj.layersRequest = undefined;
                    obj.info = undefined;
                    obj.infoRequest = undefined;
                    obj.close = undefined;
                    obj.held = undefined;
                    obj.receipt = undefined;
                    obj.have = undefined;
                    obj.data = undefined;
                    obj.hashes = undefined;
                    obj.cancel = undefined;
                    obj.want = undefined;
                    obj.refuse = undefined;
                    obj.accept = undefined;
                    obj.hello = undefined;
                }
                if (obj.terms != null) {
                    w.uint32(10);
                    Terms.codec().encode(obj.terms, w);
                }
                if (obj.hello != null) {
                    w.uint32(18);
                    Hello.codec().encode(obj.hello, w);
                }
                if (obj.accept != null) {
                    w.uint32(26);
                    Accept.codec().encode(obj.accept, w);
                }
                if (obj.refuse != null) {
                    w.uint32(34);
                    Refuse.codec().encode(obj.refuse, w);
                }
                if (obj.want != null) {
                    w.uint32(42);
                    Want.codec().encode(obj.want, w);
                }
                if (obj.cancel != null) {
                    w.uint32(50);
                    Cancel.codec().encode(obj.cancel, w);
                }
                if (obj.hashes != null) {
                    w.uint32(58);
                    Hashes.codec().encode(obj.hashes, w);
                }
                if (obj.data != null) {
                    w.uint32(66);
                    Data.codec().encode(obj.data, w);
                }
                if (obj.have != null) {
                    w.uint32(74);
                    Have.codec().encode(obj.have, w);
                }
                if (obj.receipt != null) {
                    w.uint32(82);
                    Receipt.codec().encode(obj.receipt, w);
                }
                if (obj.held != null) {
                    w.uint32(90);
                    Held.codec().encode(obj.held, w);
                }
                if (obj.close != null) {
                    w.uint32(98);
                    Close.codec().encode(obj.close, w);
                }
                if (obj.infoRequest != null) {
                    w.uint32(106);
                    InfoRequest.codec().encode(obj.infoRequest, w);
                }
                if (obj.info != null) {
                    w.uint32(114);
                    Info.codec().encode(obj.info, w);
                }
                if (obj.layersRequest != null) {
                    w.uint32(122);
                    LayersRequest.codec().encode(obj.layersRequest, w);
                }
                if (obj.layers != null) {
                    w.uint32(130);
                    Layers.codec().encode(obj.layers, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {};
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.terms = Terms.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.terms
                            });
                            break;
                        }
                        case 2: {
                            obj.hello = Hello.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.hello
                            });
                            break;
                        }
                        case 3: {
                            obj.accept = Accept.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.accept
                            });
                            break;
                        }
                        case 4: {
                            obj.refuse = Refuse.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.refuse
                            });
                            break;
                        }
                        case 5: {
                            obj.want = Want.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.want
                            });
                            break;
                        }
                        case 6: {
                            obj.cancel = Cancel.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.cancel
                            });
                            break;
                        }
                        case 7: {
                            obj.hashes = Hashes.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.hashes
                            });
                            break;
                        }
                        case 8: {
                            obj.data = Data.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.data
                            });
                            break;
                        }
                        case 9: {
                            obj.have = Have.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.have
                            });
                            break;
                        }
                        case 10: {
                            obj.receipt = Receipt.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        case 11: {
                            obj.held = Held.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.held
                            });
                            break;
                        }
                        case 12: {
                            obj.close = Close.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.close
                            });
                            break;
                        }
                        case 13: {
                            obj.infoRequest = InfoRequest.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.infoRequest
                            });
                            break;
                        }
                        case 14: {
                            obj.info = Info.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.info
                            });
                            break;
                        }
                        case 15: {
                            obj.layersRequest = LayersRequest.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.layersRequest
                            });
                            break;
                        }
                        case 16: {
                            obj.layers = Layers.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.layers
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                if (obj.layers != null) {
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.layersRequest != null) {
                    delete obj.layers;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.info != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.infoRequest != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.close != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.held != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.receipt != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.have != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.data != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.hashes != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.cancel != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.want != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.refuse != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.accept;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.accept != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.hello;
                    delete obj.terms;
                }
                if (obj.hello != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.terms;
                }
                if (obj.terms != null) {
                    delete obj.layers;
                    delete obj.layersRequest;
                    delete obj.info;
                    delete obj.infoRequest;
                    delete obj.close;
                    delete obj.held;
                    delete obj.receipt;
                    delete obj.have;
                    delete obj.data;
                    delete obj.hashes;
                    delete obj.cancel;
                    delete obj.want;
                    delete obj.refuse;
                    delete obj.accept;
                    delete obj.hello;
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield* Terms.codec().stream(reader, reader.uint32(), `${prefix}.terms`, {
                                limits: opts.limits?.terms
                            });
                            break;
                        }
                        case 2: {
                            yield* Hello.codec().stream(reader, reader.uint32(), `${prefix}.hello`, {
                                limits: opts.limits?.hello
                            });
                            break;
                        }
                        case 3: {
                            yield* Accept.codec().stream(reader, reader.uint32(), `${prefix}.accept`, {
                                limits: opts.limits?.accept
                            });
                            break;
                        }
                        case 4: {
                            yield* Refuse.codec().stream(reader, reader.uint32(), `${prefix}.refuse`, {
                                limits: opts.limits?.refuse
                            });
                            break;
                        }
                        case 5: {
                            yield* Want.codec().stream(reader, reader.uint32(), `${prefix}.want`, {
                                limits: opts.limits?.want
                            });
                            break;
                        }
                        case 6: {
                            yield* Cancel.codec().stream(reader, reader.uint32(), `${prefix}.cancel`, {
                                limits: opts.limits?.cancel
                            });
                            break;
                        }
                        case 7: {
                            yield* Hashes.codec().stream(reader, reader.uint32(), `${prefix}.hashes`, {
                                limits: opts.limits?.hashes
                            });
                            break;
                        }
                        case 8: {
                            yield* Data.codec().stream(reader, reader.uint32(), `${prefix}.data`, {
                                limits: opts.limits?.data
                            });
                            break;
                        }
                        case 9: {
                            yield* Have.codec().stream(reader, reader.uint32(), `${prefix}.have`, {
                                limits: opts.limits?.have
                            });
                            break;
                        }
                        case 10: {
                            yield* Receipt.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        case 11: {
                            yield* Held.codec().stream(reader, reader.uint32(), `${prefix}.held`, {
                                limits: opts.limits?.held
                            });
                            break;
                        }
                        case 12: {
                            yield* Close.codec().stream(reader, reader.uint32(), `${prefix}.close`, {
                                limits: opts.limits?.close
                            });
                            break;
                        }
                        case 13: {
                            yield* InfoRequest.codec().stream(reader, reader.uint32(), `${prefix}.infoRequest`, {
                                limits: opts.limits?.infoRequest
                            });
                            break;
                        }
                        case 14: {
                            yield* Info.codec().stream(reader, reader.uint32(), `${prefix}.info`, {
                                limits: opts.limits?.info
                            });
                            break;
                        }
                        case 15: {
                            yield* LayersRequest.codec().stream(reader, reader.uint32(), `${prefix}.layersRequest`, {
                                limits: opts.limits?.layersRequest
                            });
                            break;
                        }
                        case 16: {
                            yield* Layers.codec().stream(reader, reader.uint32(), `${prefix}.layers`, {
                                limits: opts.limits?.layers
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Message.codec());
    }
    Message.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Message.codec(), opts);
    }
    Message.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Message.codec(), opts);
    }
    Message.stream = stream;
})(Message || (Message = {}));
export var Terms;
(function (Terms) {
    let _codec;
    Terms.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.seeder != null && obj.seeder.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.seeder);
                }
                if ((obj.chainId != null && obj.chainId !== 0n)) {
                    w.uint32(16);
                    w.uint64(obj.chainId);
                }
                if ((obj.settlement != null && obj.settlement.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.settlement);
                }
                if (obj.lanes != null && obj.lanes.length > 0) {
                    for (const value of obj.lanes) {
                        w.uint32(32);
                        w.uint64(value);
                    }
                }
                if ((obj.pricePerGiB != null && obj.pricePerGiB !== 0n)) {
                    w.uint32(40);
                    w.uint64(obj.pricePerGiB);
                }
                if ((obj.sequence != null && obj.sequence !== 0n)) {
                    w.uint32(48);
                    w.uint64(obj.sequence);
                }
                if ((obj.expiry != null && obj.expiry !== 0n)) {
                    w.uint32(56);
                    w.uint64(obj.expiry);
                }
                if ((obj.signer != null && obj.signer.byteLength > 0)) {
                    w.uint32(66);
                    w.bytes(obj.signer);
                }
                if ((obj.signature != null && obj.signature.byteLength > 0)) {
                    w.uint32(74);
                    w.bytes(obj.signature);
                }
                if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
                    w.uint32(82);
                    w.bytes(obj.nonce);
                }
                if ((obj.freeCapacity != null && obj.freeCapacity !== 0)) {
                    w.uint32(88);
                    w.uint32(obj.freeCapacity);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    seeder: uint8ArrayAlloc(0),
                    chainId: 0n,
                    settlement: uint8ArrayAlloc(0),
                    lanes: [],
                    pricePerGiB: 0n,
                    sequence: 0n,
                    expiry: 0n,
                    signer: uint8ArrayAlloc(0),
                    signature: uint8ArrayAlloc(0),
                    nonce: uint8ArrayAlloc(0),
                    freeCapacity: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.seeder = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.chainId = reader.uint64();
                            break;
                        }
                        case 3: {
                            obj.settlement = reader.bytes();
                            break;
                        }
                        case 4: {
                            if (opts.limits?.lanes != null && obj.lanes.length === opts.limits.lanes) {
                                throw new MaxLengthError('Decode error - repeated field "lanes" had too many elements');
                            }
                            if (obj.lanes.length === 16) {
                                throw new MaxLengthError('Decode error - repeated field "lanes" had too many elements');
                            }
                            obj.lanes.push(reader.uint64());
                            break;
                        }
                        case 5: {
                            obj.pricePerGiB = reader.uint64();
                            break;
                        }
                        case 6: {
                            obj.sequence = reader.uint64();
                            break;
                        }
                        case 7: {
                            obj.expiry = reader.uint64();
                            break;
                        }
                        case 8: {
                            obj.signer = reader.bytes();
                            break;
                        }
                        case 9: {
                            obj.signature = reader.bytes();
                            break;
                        }
                        case 10: {
                            obj.nonce = reader.bytes();
                            break;
                        }
                        case 11: {
                            obj.freeCapacity = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    lanes: 16
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.seeder`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.chainId`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.settlement`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 4: {
                            if (opts.limits?.lanes != null && obj.lanes === opts.limits.lanes) {
                                throw new MaxLengthError('Streaming decode error - repeated field "lanes" had too many elements');
                            }
                            if (obj.lanes === 16) {
                                throw new MaxLengthError('Streaming decode error - repeated field "lanes" had too many elements');
                            }
                            yield {
                                field: `${prefix}.lanes[]`,
                                index: obj.lanes,
                                value: reader.uint64()
                            };
                            obj.lanes++;
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.pricePerGiB`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.sequence`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.expiry`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 8: {
                            yield {
                                field: `${prefix}.signer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 9: {
                            yield {
                                field: `${prefix}.signature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 10: {
                            yield {
                                field: `${prefix}.nonce`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 11: {
                            yield {
                                field: `${prefix}.freeCapacity`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Terms.codec());
    }
    Terms.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Terms.codec(), opts);
    }
    Terms.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Terms.codec(), opts);
    }
    Terms.stream = stream;
})(Terms || (Terms = {}));
export var Line;
(function (Line) {
    let _codec;
    Line.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.sessionKey != null && obj.sessionKey.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.sessionKey);
                }
                if ((obj.maxBytes != null && obj.maxBytes !== 0n)) {
                    w.uint32(16);
                    w.uint64(obj.maxBytes);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    sessionKey: uint8ArrayAlloc(0),
                    maxBytes: 0n
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.sessionKey = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.maxBytes = reader.uint64();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.sessionKey`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.maxBytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Line.codec());
    }
    Line.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Line.codec(), opts);
    }
    Line.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Line.codec(), opts);
    }
    Line.stream = stream;
})(Line || (Line = {}));
export var Session;
(function (Session) {
    let _codec;
    Session.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.sponsor != null && obj.sponsor.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.sponsor);
                }
                if ((obj.lane != null && obj.lane !== 0n)) {
                    w.uint32(16);
                    w.uint64(obj.lane);
                }
                if ((obj.pricePerGiB != null && obj.pricePerGiB !== 0n)) {
                    w.uint32(24);
                    w.uint64(obj.pricePerGiB);
                }
                if ((obj.index != null && obj.index !== 0n)) {
                    w.uint32(32);
                    w.uint64(obj.index);
                }
                if ((obj.session != null && obj.session.byteLength > 0)) {
                    w.uint32(42);
                    w.bytes(obj.session);
                }
                if ((obj.maxBytes != null && obj.maxBytes !== 0n)) {
                    w.uint32(48);
                    w.uint64(obj.maxBytes);
                }
                if ((obj.expiry != null && obj.expiry !== 0n)) {
                    w.uint32(56);
                    w.uint64(obj.expiry);
                }
                if ((obj.head != null && obj.head.byteLength > 0)) {
                    w.uint32(66);
                    w.bytes(obj.head);
                }
                if ((obj.signer != null && obj.signer.byteLength > 0)) {
                    w.uint32(74);
                    w.bytes(obj.signer);
                }
                if ((obj.signature != null && obj.signature.byteLength > 0)) {
                    w.uint32(82);
                    w.bytes(obj.signature);
                }
                if ((obj.from != null && obj.from.byteLength > 0)) {
                    w.uint32(90);
                    w.bytes(obj.from);
                }
                if (obj.lines != null && obj.lines.length > 0) {
                    for (const value of obj.lines) {
                        w.uint32(98);
                        Line.codec().encode(value, w);
                    }
                }
                if (obj.ticket != null) {
                    w.uint32(106);
                    Ticket.codec().encode(obj.ticket, w);
                }
                if (obj.receipt != null) {
                    w.uint32(114);
                    Receipt.codec().encode(obj.receipt, w);
                }
                if ((obj.proof != null && obj.proof.byteLength > 0)) {
                    w.uint32(122);
                    w.bytes(obj.proof);
                }
                if ((obj.sessionKey != null && obj.sessionKey.byteLength > 0)) {
                    w.uint32(130);
                    w.bytes(obj.sessionKey);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    sponsor: uint8ArrayAlloc(0),
                    lane: 0n,
                    pricePerGiB: 0n,
                    index: 0n,
                    session: uint8ArrayAlloc(0),
                    maxBytes: 0n,
                    expiry: 0n,
                    head: uint8ArrayAlloc(0),
                    signer: uint8ArrayAlloc(0),
                    signature: uint8ArrayAlloc(0),
                    from: uint8ArrayAlloc(0),
                    lines: [],
                    proof: uint8ArrayAlloc(0),
                    sessionKey: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.sponsor = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.lane = reader.uint64();
                            break;
                        }
                        case 3: {
                            obj.pricePerGiB = reader.uint64();
                            break;
                        }
                        case 4: {
                            obj.index = reader.uint64();
                            break;
                        }
                        case 5: {
                            obj.session = reader.bytes();
                            break;
                        }
                        case 6: {
                            obj.maxBytes = reader.uint64();
                            break;
                        }
                        case 7: {
                            obj.expiry = reader.uint64();
                            break;
                        }
                        case 8: {
                            obj.head = reader.bytes();
                            break;
                        }
                        case 9: {
                            obj.signer = reader.bytes();
                            break;
                        }
                        case 10: {
                            obj.signature = reader.bytes();
                            break;
                        }
                        case 11: {
                            obj.from = reader.bytes();
                            break;
                        }
                        case 12: {
                            if (opts.limits?.lines != null && obj.lines.length === opts.limits.lines) {
                                throw new MaxLengthError('Decode error - repeated field "lines" had too many elements');
                            }
                            if (obj.lines.length === 4096) {
                                throw new MaxLengthError('Decode error - repeated field "lines" had too many elements');
                            }
                            obj.lines.push(Line.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.lines$
                            }));
                            break;
                        }
                        case 13: {
                            obj.ticket = Ticket.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.ticket
                            });
                            break;
                        }
                        case 14: {
                            obj.receipt = Receipt.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        case 15: {
                            obj.proof = reader.bytes();
                            break;
                        }
                        case 16: {
                            obj.sessionKey = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    lines: 4096
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.sponsor`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.lane`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.pricePerGiB`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.index`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.session`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.maxBytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.expiry`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 8: {
                            yield {
                                field: `${prefix}.head`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 9: {
                            yield {
                                field: `${prefix}.signer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 10: {
                            yield {
                                field: `${prefix}.signature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 11: {
                            yield {
                                field: `${prefix}.from`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 12: {
                            if (opts.limits?.lines != null && obj.lines === opts.limits.lines) {
                                throw new MaxLengthError('Streaming decode error - repeated field "lines" had too many elements');
                            }
                            if (obj.lines === 4096) {
                                throw new MaxLengthError('Streaming decode error - repeated field "lines" had too many elements');
                            }
                            for (const evt of Line.codec().stream(reader, reader.uint32(), `${prefix}.lines[]`, {
                                limits: opts.limits?.lines$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.lines
                                };
                            }
                            obj.lines++;
                            break;
                        }
                        case 13: {
                            yield* Ticket.codec().stream(reader, reader.uint32(), `${prefix}.ticket`, {
                                limits: opts.limits?.ticket
                            });
                            break;
                        }
                        case 14: {
                            yield* Receipt.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        case 15: {
                            yield {
                                field: `${prefix}.proof`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 16: {
                            yield {
                                field: `${prefix}.sessionKey`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Session.codec());
    }
    Session.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Session.codec(), opts);
    }
    Session.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Session.codec(), opts);
    }
    Session.stream = stream;
})(Session || (Session = {}));
export var Ticket;
(function (Ticket) {
    let _codec;
    Ticket.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.contentId != null && obj.contentId.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.contentId);
                }
                if ((obj.holder != null && obj.holder.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.holder);
                }
                if ((obj.notAfter != null && obj.notAfter !== 0n)) {
                    w.uint32(24);
                    w.uint64(obj.notAfter);
                }
                if ((obj.signer != null && obj.signer.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.signer);
                }
                if ((obj.signature != null && obj.signature.byteLength > 0)) {
                    w.uint32(42);
                    w.bytes(obj.signature);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    contentId: uint8ArrayAlloc(0),
                    holder: uint8ArrayAlloc(0),
                    notAfter: 0n,
                    signer: uint8ArrayAlloc(0),
                    signature: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.contentId = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.holder = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.notAfter = reader.uint64();
                            break;
                        }
                        case 4: {
                            obj.signer = reader.bytes();
                            break;
                        }
                        case 5: {
                            obj.signature = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.contentId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.holder`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.notAfter`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.signer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.signature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Ticket.codec());
    }
    Ticket.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Ticket.codec(), opts);
    }
    Ticket.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Ticket.codec(), opts);
    }
    Ticket.stream = stream;
})(Ticket || (Ticket = {}));
export var Hello;
(function (Hello) {
    let _codec;
    Hello.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.contentId != null && obj.contentId.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.contentId);
                }
                if (obj.session != null) {
                    w.uint32(18);
                    Session.codec().encode(obj.session, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    contentId: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.contentId = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.session = Session.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.session
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.contentId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield* Session.codec().stream(reader, reader.uint32(), `${prefix}.session`, {
                                limits: opts.limits?.session
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Hello.codec());
    }
    Hello.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Hello.codec(), opts);
    }
    Hello.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Hello.codec(), opts);
    }
    Hello.stream = stream;
})(Hello || (Hello = {}));
export var Accept;
(function (Accept) {
    let _codec;
    Accept.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.window != null && obj.window !== 0n)) {
                    w.uint32(8);
                    w.uint64(obj.window);
                }
                if ((obj.bitfield != null && obj.bitfield.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.bitfield);
                }
                if (obj.receipt != null) {
                    w.uint32(26);
                    Receipt.codec().encode(obj.receipt, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    window: 0n,
                    bitfield: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.window = reader.uint64();
                            break;
                        }
                        case 2: {
                            obj.bitfield = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.receipt = Receipt.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.window`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.bitfield`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield* Receipt.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Accept.codec());
    }
    Accept.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Accept.codec(), opts);
    }
    Accept.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Accept.codec(), opts);
    }
    Accept.stream = stream;
})(Accept || (Accept = {}));
export var Refuse;
(function (Refuse) {
    let _codec;
    Refuse.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.reason != null && obj.reason !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.reason);
                }
                if ((obj.words != null && obj.words !== '')) {
                    w.uint32(18);
                    w.string(obj.words);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    reason: 0,
                    words: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.reason = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.words = reader.string();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.reason`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.words`,
                                value: reader.string()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Refuse.codec());
    }
    Refuse.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Refuse.codec(), opts);
    }
    Refuse.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Refuse.codec(), opts);
    }
    Refuse.stream = stream;
})(Refuse || (Refuse = {}));
export var Want;
(function (Want) {
    let _codec;
    Want.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.piece != null && obj.piece !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.piece);
                }
                if ((obj.offset != null && obj.offset !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.offset);
                }
                if ((obj.length != null && obj.length !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.length);
                }
                if ((obj.hashes != null && obj.hashes !== false)) {
                    w.uint32(32);
                    w.bool(obj.hashes);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    piece: 0,
                    offset: 0,
                    length: 0,
                    hashes: false
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.piece = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.offset = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.length = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.hashes = reader.bool();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.piece`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.offset`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.length`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.hashes`,
                                value: reader.bool()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Want.codec());
    }
    Want.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Want.codec(), opts);
    }
    Want.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Want.codec(), opts);
    }
    Want.stream = stream;
})(Want || (Want = {}));
export var Cancel;
(function (Cancel) {
    let _codec;
    Cancel.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.piece != null && obj.piece !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.piece);
                }
                if ((obj.offset != null && obj.offset !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.offset);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    piece: 0,
                    offset: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.piece = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.offset = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.piece`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.offset`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Cancel.codec());
    }
    Cancel.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Cancel.codec(), opts);
    }
    Cancel.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Cancel.codec(), opts);
    }
    Cancel.stream = stream;
})(Cancel || (Cancel = {}));
export var Hashes;
(function (Hashes) {
    let _codec;
    Hashes.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.piece != null && obj.piece !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.piece);
                }
                if ((obj.roots != null && obj.roots.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.roots);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    piece: 0,
                    roots: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.piece = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.roots = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.piece`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.roots`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Hashes.codec());
    }
    Hashes.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Hashes.codec(), opts);
    }
    Hashes.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Hashes.codec(), opts);
    }
    Hashes.stream = stream;
})(Hashes || (Hashes = {}));
export var Data;
(function (Data) {
    let _codec;
    Data.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.piece != null && obj.piece !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.piece);
                }
                if ((obj.offset != null && obj.offset !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.offset);
                }
                if ((obj.length != null && obj.length !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.length);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    piece: 0,
                    offset: 0,
                    length: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.piece = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.offset = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.length = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.piece`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.offset`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.length`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Data.codec());
    }
    Data.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Data.codec(), opts);
    }
    Data.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Data.codec(), opts);
    }
    Data.stream = stream;
})(Data || (Data = {}));
export var Have;
(function (Have) {
    let _codec;
    Have.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.pieces != null && obj.pieces.length > 0) {
                    for (const value of obj.pieces) {
                        w.uint32(8);
                        w.uint32(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    pieces: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.pieces != null && obj.pieces.length === opts.limits.pieces) {
                                throw new MaxLengthError('Decode error - repeated field "pieces" had too many elements');
                            }
                            if (obj.pieces.length === 4096) {
                                throw new MaxLengthError('Decode error - repeated field "pieces" had too many elements');
                            }
                            obj.pieces.push(reader.uint32());
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    pieces: 4096
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.pieces != null && obj.pieces === opts.limits.pieces) {
                                throw new MaxLengthError('Streaming decode error - repeated field "pieces" had too many elements');
                            }
                            if (obj.pieces === 4096) {
                                throw new MaxLengthError('Streaming decode error - repeated field "pieces" had too many elements');
                            }
                            yield {
                                field: `${prefix}.pieces[]`,
                                index: obj.pieces,
                                value: reader.uint32()
                            };
                            obj.pieces++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Have.codec());
    }
    Have.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Have.codec(), opts);
    }
    Have.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Have.codec(), opts);
    }
    Have.stream = stream;
})(Have || (Have = {}));
export var Receipt;
(function (Receipt) {
    let _codec;
    Receipt.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.bytesServed != null && obj.bytesServed !== 0n)) {
                    w.uint32(8);
                    w.uint64(obj.bytesServed);
                }
                if ((obj.signature != null && obj.signature.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.signature);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    bytesServed: 0n,
                    signature: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.bytesServed = reader.uint64();
                            break;
                        }
                        case 2: {
                            obj.signature = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.bytesServed`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.signature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Receipt.codec());
    }
    Receipt.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Receipt.codec(), opts);
    }
    Receipt.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Receipt.codec(), opts);
    }
    Receipt.stream = stream;
})(Receipt || (Receipt = {}));
export var Held;
(function (Held) {
    let _codec;
    Held.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.bytesServed != null && obj.bytesServed !== 0n)) {
                    w.uint32(8);
                    w.uint64(obj.bytesServed);
                }
                if ((obj.window != null && obj.window !== 0n)) {
                    w.uint32(16);
                    w.uint64(obj.window);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    bytesServed: 0n,
                    window: 0n
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.bytesServed = reader.uint64();
                            break;
                        }
                        case 2: {
                            obj.window = reader.uint64();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.bytesServed`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.window`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Held.codec());
    }
    Held.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Held.codec(), opts);
    }
    Held.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Held.codec(), opts);
    }
    Held.stream = stream;
})(Held || (Held = {}));
export var Close;
(function (Close) {
    let _codec;
    Close.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.reason != null && obj.reason !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.reason);
                }
                if ((obj.words != null && obj.words !== '')) {
                    w.uint32(18);
                    w.string(obj.words);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    reason: 0,
                    words: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.reason = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.words = reader.string();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.reason`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.words`,
                                value: reader.string()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Close.codec());
    }
    Close.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Close.codec(), opts);
    }
    Close.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Close.codec(), opts);
    }
    Close.stream = stream;
})(Close || (Close = {}));
export var InfoRequest;
(function (InfoRequest) {
    let _codec;
    InfoRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.contentId != null && obj.contentId.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.contentId);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    contentId: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.contentId = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.contentId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, InfoRequest.codec());
    }
    InfoRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, InfoRequest.codec(), opts);
    }
    InfoRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, InfoRequest.codec(), opts);
    }
    InfoRequest.stream = stream;
})(InfoRequest || (InfoRequest = {}));
export var Info;
(function (Info) {
    let _codec;
    Info.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.info != null && obj.info.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.info);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    info: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.info = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.info`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Info.codec());
    }
    Info.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Info.codec(), opts);
    }
    Info.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Info.codec(), opts);
    }
    Info.stream = stream;
})(Info || (Info = {}));
export var LayersRequest;
(function (LayersRequest) {
    let _codec;
    LayersRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.piecesRoot != null && obj.piecesRoot.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.piecesRoot);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    piecesRoot: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.piecesRoot = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.piecesRoot`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, LayersRequest.codec());
    }
    LayersRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, LayersRequest.codec(), opts);
    }
    LayersRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, LayersRequest.codec(), opts);
    }
    LayersRequest.stream = stream;
})(LayersRequest || (LayersRequest = {}));
export var Layers;
(function (Layers) {
    let _codec;
    Layers.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.piecesRoot != null && obj.piecesRoot.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.piecesRoot);
                }
                if ((obj.layer != null && obj.layer.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.layer);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    piecesRoot: uint8ArrayAlloc(0),
                    layer: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.piecesRoot = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.layer = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.piecesRoot`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.layer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Layers.codec());
    }
    Layers.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Layers.codec(), opts);
    }
    Layers.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Layers.codec(), opts);
    }
    Layers.stream = stream;
})(Layers || (Layers = {}));
