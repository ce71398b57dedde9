// The hash functions of the platform. Bundles for browsers take hashes.browser.ts in its place (`browser` in package.json).
export { createHash, type Hash, hash } from 'node:crypto'
