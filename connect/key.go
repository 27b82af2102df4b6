package connect

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"hash"
)

// What is read of encrypted keys is PKCS #8 with PBES2 (RFC 8018), a key derived by
// PBKDF2 and AES-CBC: what openssl writes. Older forms are refused, since they
// protect little.

const encryptedKey = "ENCRYPTED PRIVATE KEY"

var errKeyForm = errors.New("is encrypted in a form that is not read: write it anew by openssl pkcs8 -topk8 -v2 aes-256-cbc")

var errKeyPassword = errors.New("the password is not that of the key")

// mostRounds bounds what a key's file can ask of the processor: openssl asks for
// 2,048, careful people for a million.
const mostRounds = 10_000_000

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// digests are the pseudo-random functions of PBKDF2; without one it is SHA-1's.
var digests = map[string]func() hash.Hash{
	"":                    sha1.New,
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.11": sha512.New,
}

// ciphers are key lengths of AES-CBC, bytes.
var ciphers = map[string]int{
	"2.16.840.1.101.3.4.1.2":  16,
	"2.16.840.1.101.3.4.1.22": 24,
	"2.16.840.1.101.3.4.1.42": 32,
}

type encryptedInfo struct {
	Algorithm struct {
		ID     asn1.ObjectIdentifier
		Params struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	}
	Data []byte
}

type derivation struct {
	Salt   []byte
	Rounds int
	Length int                      `asn1:"optional"`
	PRF    pkix.AlgorithmIdentifier `asn1:"optional"`
}

// isEncrypted tells of a key's PEM that it needs a password.
func isEncrypted(key []byte) bool {
	block, _ := pem.Decode(key)
	return block != nil && (block.Type == encryptedKey || block.Headers["DEK-Info"] != "")
}

// decrypt gives the PEM of the key that is encrypted in text.
func decrypt(text []byte, password Value) ([]byte, error) {
	block, _ := pem.Decode(text)
	var info encryptedInfo
	if rest, err := asn1.Unmarshal(block.Bytes, &info); block.Type != encryptedKey || err != nil || len(rest) > 0 || !info.Algorithm.ID.Equal(oidPBES2) {
		return nil, errKeyForm
	}
	mode, err := info.cipher(password)
	if err != nil {
		return nil, err
	}
	if len(info.Data) == 0 || len(info.Data)%mode.BlockSize() != 0 {
		return nil, errKeyForm
	}
	plain := make([]byte, len(info.Data))
	mode.CryptBlocks(plain, info.Data)
	plain, ok := unpad(plain, mode.BlockSize())
	if !ok {
		return nil, errKeyPassword
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}), nil
}

func (e *encryptedInfo) cipher(password Value) (cipher.BlockMode, error) {
	params := e.Algorithm.Params
	var d derivation
	if rest, err := asn1.Unmarshal(params.KDF.Parameters.FullBytes, &d); !params.KDF.Algorithm.Equal(oidPBKDF2) || err != nil || len(rest) > 0 {
		return nil, errKeyForm
	}
	digest, size := digests[d.PRF.Algorithm.String()], ciphers[params.Cipher.Algorithm.String()]
	iv := params.Cipher.Parameters.Bytes
	if digest == nil || size == 0 || len(iv) != aes.BlockSize || d.Rounds < 1 || d.Rounds > mostRounds {
		return nil, errKeyForm
	}
	key, err := pbkdf2.Key(digest, password.Reveal(), d.Salt, d.Rounds, size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewCBCDecrypter(block, iv), nil
}

// unpad takes off what fills the last block, which under a wrong password is seldom
// right, and a key then never is.
func unpad(text []byte, block int) ([]byte, bool) {
	n := int(text[len(text)-1])
	if n < 1 || n > block || !bytes.HasSuffix(text, bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false
	}
	text = text[:len(text)-n]
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(text, &whole)
	return text, err == nil && len(rest) == 0
}
