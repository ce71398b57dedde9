// @libp2p/webrtc, by a name of our own: in the package this file holds it whole (scripts/bundle-web-rtc.ts), because as a
// dependency it would bring React Native along.
export { type WebRTCDirectTransportComponents, webRTCDirect } from '@libp2p/webrtc'
