package io.forestall.wire;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Ed25519 signatures and the files that hold their keys (G11, architecture section 4 point 9). A
 * private key is PEM in PKCS#8, readable by its owner only; public keys are PEM, several in a file
 * or a folder. A key's identifier is derived from the key, so keys are rotated by trusting the new
 * one everywhere, then signing with it, then trusting the old one no more. Stateless.
 */
public final class Signatures {

  /** The only algorithm. */
  public static final String ALGORITHM = "Ed25519";

  /** Length of a signature, bytes. */
  public static final int SIGNATURE_BYTES = 64;

  /** Length of the identifier of a key, characters. */
  public static final int KEY_ID_CHARS = 16;

  /** Most public keys that are trusted at once. */
  public static final int MAX_TRUSTED = 64;

  /** Signatures that are known to be valid without another check, at most. */
  static final int MAX_REMEMBERED = 256;

  private static final int MAX_FILE_BYTES = 64 * 1024;
  private static final int SEED_BYTES = 32;
  private static final byte[] PROBE = "forestall key check".getBytes(StandardCharsets.UTF_8);
  private static final String PRIVATE = "PRIVATE KEY";
  private static final String PUBLIC = "PUBLIC KEY";
  private static final Pattern BLOCK =
      Pattern.compile(
          "-----BEGIN ([A-Z0-9 ]{1,40})-----\\s+([A-Za-z0-9+/=\\s]{1,16384})-----END \\1-----");

  private Signatures() {}

  /** What became of a check. */
  public enum Verdict {
    /** Signed by a trusted key, and every byte is as it was. */
    VALID("signed by a trusted key"),
    /** There is no signature. */
    UNSIGNED("it is not signed"),
    /** The key is not among the trusted ones. */
    UNKNOWN_KEY("its key is not trusted here"),
    /** The bytes, the signature or the named key were changed. */
    WRONG("its signature does not fit its bytes");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    /** The verdict as a part of a sentence. */
    public String words() {
      return words;
    }
  }

  /**
   * The identifier of a public key: the first 16 hexadecimal digits of the SHA-256 of its encoding.
   */
  public static String keyId(PublicKey key) {
    return HexFormat.of().formatHex(sha256(key.getEncoded()), 0, KEY_ID_CHARS / 2);
  }

  /**
   * True when a file holds a private key.
   *
   * @throws KeyFileException when it is missing or no PEM file
   */
  public static boolean isPrivate(Path file) throws KeyFileException {
    return !Files.isDirectory(file)
        && blocks(file).stream().anyMatch(block -> block.label.equals(PRIVATE));
  }

  /**
   * Makes a pair of keys: the private one readable by its owner only, with the public one behind it
   * in the same file, and the public one by itself for those who check.
   *
   * @param privateFile file to make for the signer; never overwritten
   * @param publicFile file to make for those who check; never overwritten
   * @return the signer, ready to use
   * @throws KeyFileException when a file exists or cannot be written
   */
  public static Signer generate(Path privateFile, Path publicFile) throws KeyFileException {
    if (Files.exists(publicFile)) {
      throw exists(publicFile);
    }
    KeyPair pair;
    try {
      pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw lacking(e);
    }
    String publicPem = pem(PUBLIC, pair.getPublic().getEncoded());
    write(privateFile, pem(PRIVATE, pair.getPrivate().getEncoded()) + publicPem, true);
    write(publicFile, publicPem, false);
    return new Signer(pair.getPrivate(), pair.getPublic());
  }

  /** A signer whose key nobody keeps: to try what signatures take, never to be believed. */
  public static Signer ephemeral() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
      return new Signer(pair.getPrivate(), pair.getPublic());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(lacking(e));
    }
  }

  private static void write(Path file, String text, boolean secret) throws KeyFileException {
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] owned =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(
                  PosixFilePermissions.fromString(secret ? "rw-------" : "rw-r--r--"))
            }
            : new FileAttribute<?>[0];
    // The permissions are those of the creation: at no moment can others open it.
    try (SeekableByteChannel out =
        Files.newByteChannel(
            file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), owned)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (FileAlreadyExistsException e) {
      throw exists(file);
    } catch (IOException e) {
      throw new KeyFileException(
          "cannot write the key file "
              + file
              + " ("
              + e.getClass().getSimpleName()
              + "): choose a folder that exists and can be written");
    }
  }

  private static KeyFileException exists(Path file) {
    return new KeyFileException(
        "the key file " + file + " exists and is never overwritten: choose another name");
  }

  private static String pem(String label, byte[] der) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + label
        + "-----\n";
  }

  /** A private key that signs. It is never printed. Thread-safe. */
  public static final class Signer {

    private final PrivateKey key;
    private final PublicKey publicKey;
    private final String keyId;

    private Signer(PrivateKey key, PublicKey publicKey) {
      this.key = key;
      this.publicKey = publicKey;
      this.keyId = Signatures.keyId(publicKey);
    }

    /**
     * The signer of a key file: one private key in PKCS#8, as {@code forestall keys generate} or
     * {@code openssl genpkey -algorithm ed25519} write it, alone or with its public key.
     *
     * @throws KeyFileException when it is missing, open to others, or no such file
     */
    public static Signer read(Path file) throws KeyFileException {
      List<Block> blocks = blocks(file);
      PrivateKey key = null;
      PublicKey publicKey = null;
      for (Block block : blocks) {
        if (block.label.equals(PRIVATE) && key == null) {
          key = privateKey(file, block.der);
        } else if (block.label.equals(PUBLIC) && publicKey == null) {
          publicKey = publicKey(file, block.der);
        } else {
          throw wrong(file, "holds more than one key pair, or a " + block.label);
        }
      }
      if (key == null) {
        throw wrong(file, "holds no private key in PKCS#8");
      }
      closed(file);
      Signer signer = new Signer(key, publicKey == null ? derived(file, key) : publicKey);
      if (!verify(signer.publicKey, PROBE, signer.sign(PROBE))) {
        throw wrong(file, "holds a private and a public key that are no pair");
      }
      return signer;
    }

    /** Identifier of the key. */
    public String keyId() {
      return keyId;
    }

    /** The public key, in PEM, for those who check. */
    public String publicPem() {
      return pem(PUBLIC, publicKey.getEncoded());
    }

    /** The signature over exactly these bytes; {@value Signatures#SIGNATURE_BYTES} bytes. */
    public byte[] sign(byte[] bytes) {
      try {
        Signature signature = Signature.getInstance(ALGORITHM);
        signature.initSign(key);
        signature.update(bytes);
        return signature.sign();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("a private key that was checked cannot sign", e);
      }
    }

    /** Whoever holds the signer trusts it. */
    public Trusted trusted() {
      return new Trusted(Map.of(keyId, publicKey));
    }

    @Override
    public String toString() {
      return "Signer(" + keyId + ")";
    }
  }

  /**
   * Public keys that are believed. Immutable, thread-safe. An admission travels in several commands
   * and in the ownership log, and one check of an Ed25519 signature takes tens of milliseconds in a
   * process that seldom makes one: what was found valid is remembered, by a SHA-256 over all of it.
   */
  public static final class Trusted {

    /** Nobody is believed. */
    public static final Trusted NONE = new Trusted(Map.of());

    private final Map<String, PublicKey> byId;

    /** What was found valid, the longest unused first; a key never changes, so this stays true. */
    private final Map<ByteBuffer, Boolean> valid =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Boolean> eldest) {
            return size() > MAX_REMEMBERED;
          }
        };

    private Trusted(Map<String, PublicKey> byId) {
      this.byId = new TreeMap<>(byId);
    }

    /**
     * The public keys of a file, or of all files of a folder whose names end in {@code .pem} or
     * {@code .pub}.
     *
     * @throws KeyFileException when there is none, one is no public key, or others can write it
     */
    public static Trusted read(Path fileOrFolder) throws KeyFileException {
      Map<String, PublicKey> keys = new TreeMap<>();
      for (Path file : files(fileOrFolder)) {
        for (Block block : blocks(file)) {
          if (block.label.equals(PRIVATE)) {
            throw new KeyFileException(
                "the file "
                    + file
                    + " of trusted keys holds a private key: take it away, only its public key"
                    + " belongs here");
          }
          if (!block.label.equals(PUBLIC)) {
            throw wrong(file, "holds a " + block.label);
          }
          PublicKey key = publicKey(file, block.der);
          keys.put(keyId(key), key);
        }
        notWritable(file);
      }
      if (keys.isEmpty()) {
        throw new KeyFileException(
            "no public key is in "
                + fileOrFolder
                + ": put one there, in PEM, in a file that ends in .pem or .pub");
      }
      if (keys.size() > MAX_TRUSTED) {
        throw new KeyFileException(
            fileOrFolder + " holds more than " + MAX_TRUSTED + " public keys: remove old ones");
      }
      return new Trusted(keys);
    }

    /** True when nobody is believed. */
    public boolean isEmpty() {
      return byId.isEmpty();
    }

    /** Identifiers of the keys, sorted. */
    public List<String> keyIds() {
      return List.copyOf(byId.keySet());
    }

    /**
     * Whether a trusted key signed exactly these bytes. Never throws, whatever the bytes are.
     *
     * @param keyId key that is said to have signed
     * @param bytes what was signed
     * @param signature the signature; empty when there is none
     */
    public Verdict verify(String keyId, byte[] bytes, byte[] signature) {
      if (signature.length == 0 || keyId.isEmpty()) {
        return Verdict.UNSIGNED;
      }
      PublicKey key = byId.get(keyId);
      if (key == null) {
        return Verdict.UNKNOWN_KEY;
      }
      ByteBuffer all = ByteBuffer.wrap(digest(keyId, bytes, signature));
      synchronized (valid) {
        if (valid.containsKey(all)) {
          return Verdict.VALID;
        }
      }
      if (!Signatures.verify(key, bytes, signature)) {
        return Verdict.WRONG;
      }
      synchronized (valid) {
        valid.put(all, true);
      }
      return Verdict.VALID;
    }

    /** How many signatures are known to be valid without another check. */
    int remembered() {
      synchronized (valid) {
        return valid.size();
      }
    }

    @Override
    public String toString() {
      return "Trusted" + keyIds();
    }
  }

  /** A key file that cannot be used; the message is one line with what to do. */
  public static final class KeyFileException extends IOException {
    private static final long serialVersionUID = 1L;

    private KeyFileException(String message) {
      super(message);
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  private record Block(String label, byte[] der) {}

  private static boolean verify(PublicKey key, byte[] bytes, byte[] signature) {
    if (signature.length != SIGNATURE_BYTES) {
      return false;
    }
    try {
      Signature check = Signature.getInstance(ALGORITHM);
      check.initVerify(key);
      check.update(bytes);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      // A signature whose numbers are out of range is refused by an exception.
      return false;
    }
  }

  private static List<Path> files(Path fileOrFolder) throws KeyFileException {
    if (!Files.isDirectory(fileOrFolder)) {
      return List.of(fileOrFolder);
    }
    try (Stream<Path> all = Files.list(fileOrFolder)) {
      return all.filter(
              file -> {
                String name = file.getFileName().toString();
                return (name.endsWith(".pem") || name.endsWith(".pub"))
                    && Files.isRegularFile(file);
              })
          .sorted()
          .toList();
    } catch (IOException e) {
      throw unreadable(fileOrFolder, e);
    }
  }

  private static List<Block> blocks(Path file) throws KeyFileException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    if (bytes.length > MAX_FILE_BYTES) {
      throw wrong(file, "has more than " + MAX_FILE_BYTES + " bytes");
    }
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    while (matcher.find()) {
      try {
        blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(matcher.group(2))));
      } catch (IllegalArgumentException e) {
        throw wrong(file, "holds a block that is no base64");
      }
    }
    Arrays.fill(bytes, (byte) 0);
    if (blocks.isEmpty()) {
      throw wrong(file, "is no PEM file");
    }
    return blocks;
  }

  private static PrivateKey privateKey(Path file, byte[] der) throws KeyFileException {
    try {
      PrivateKey key =
          KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(der));
      if (key instanceof EdECPrivateKey) {
        return key;
      }
    } catch (GeneralSecurityException e) {
      // Said below, without what the provider found in a secret.
    }
    throw wrong(file, "holds a private key that is no " + ALGORITHM + " key");
  }

  private static PublicKey publicKey(Path file, byte[] der) throws KeyFileException {
    try {
      return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(der));
    } catch (GeneralSecurityException e) {
      throw wrong(file, "holds a public key that is no " + ALGORITHM + " key");
    }
  }

  /** The public key of a private one: the key pair that comes of the same seed. */
  private static PublicKey derived(Path file, PrivateKey key) throws KeyFileException {
    byte[] seed = ((EdECPrivateKey) key).getBytes().orElse(new byte[0]);
    if (seed.length != SEED_BYTES) {
      throw wrong(file, "holds a private key of the wrong length");
    }
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
      generator.initialize(new NamedParameterSpec(ALGORITHM), new SeedOnly(seed));
      return generator.generateKeyPair().getPublic();
    } catch (GeneralSecurityException e) {
      throw lacking(e);
    }
  }

  /** Gives the seed of a key that exists, so that the pair comes out again. */
  private static final class SeedOnly extends SecureRandom {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // never serialised
    private final byte[] seed;

    SeedOnly(byte[] seed) {
      this.seed = seed;
    }

    @Override
    public void nextBytes(byte[] bytes) {
      System.arraycopy(seed, 0, bytes, 0, Math.min(seed.length, bytes.length));
    }
  }

  private static void closed(Path file) throws KeyFileException {
    Set<PosixFilePermission> open = permissions(file);
    // A secret mounted by Kubernetes belongs to root and is read through its group.
    if (open.contains(PosixFilePermission.OTHERS_READ)
        || open.contains(PosixFilePermission.OTHERS_WRITE)
        || open.contains(PosixFilePermission.GROUP_WRITE)) {
      throw new KeyFileException(
          "the private key "
              + file
              + " is open to others ("
              + PosixFilePermissions.toString(open)
              + "): chmod 600 it, and make a new key if others were here");
    }
  }

  private static void notWritable(Path file) throws KeyFileException {
    if (permissions(file).contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new KeyFileException(
          "everyone can write the file " + file + " of trusted keys: chmod 644 it");
    }
  }

  private static Set<PosixFilePermission> permissions(Path file) throws KeyFileException {
    try {
      return Files.getPosixFilePermissions(file);
    } catch (UnsupportedOperationException e) {
      // A file system without such permissions has others, which are not ours to read.
      return Set.of();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static KeyFileException unreadable(Path file, IOException e) {
    return e instanceof NoSuchFileException
        ? new KeyFileException(
            "there is no key file " + file + ": make one with forestall keys generate")
        : new KeyFileException(
            "the key file "
                + file
                + " cannot be read ("
                + e.getClass().getSimpleName()
                + "): check its name and its permissions");
  }

  private static KeyFileException wrong(Path file, String what) {
    return new KeyFileException(
        "the key file "
            + file
            + " "
            + what
            + ": it must be an "
            + ALGORITHM
            + " key in PEM, as forestall keys generate writes it");
  }

  private static KeyFileException lacking(GeneralSecurityException e) {
    return new KeyFileException(
        "this Java has no " + ALGORITHM + " (" + e.getMessage() + "): use a JDK 17 or newer");
  }

  /** One number for all that a check looks at; the lengths keep apart what stands side by side. */
  private static byte[] digest(String keyId, byte[] bytes, byte[] signature) {
    byte[] id = keyId.getBytes(StandardCharsets.UTF_8);
    ByteBuffer lengths = ByteBuffer.allocate(8).putInt(id.length).putInt(signature.length).flip();
    MessageDigest sha256 = sha256();
    sha256.update(lengths);
    sha256.update(id);
    sha256.update(signature);
    return sha256.digest(bytes);
  }

  private static byte[] sha256(byte[] bytes) {
    return sha256().digest(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
