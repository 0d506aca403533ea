// The package has no types. One round of bcrypt as OpenSSH uses it: two SHA-512 digests in, 32 bytes out.
declare module 'bcrypt-pbkdf' {
  const bcrypt: {
    readonly HASHSIZE: 32;
    hash(passwordDigest: Uint8Array, saltDigest: Uint8Array, out: Uint8Array): void;
  };
  export default bcrypt;
}
