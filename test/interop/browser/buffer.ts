// `Buffer` for the bundle: the package of that name, not Node's module.
export { Buffer } from 'buffer/'
