package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where private keys lie on disk and what opens them: a PKCS#12 file, a PEM file with key and
 * certificates, or two PEM files. The content says which of the forms it is. Shows no password.
 */
public final class KeyFile {
  private static final int MAX_BYTES = KeyStoreKeys.MAX_BYTES;
  private static final int MAX_PASSWORD_BYTES = 4096;
  private static final int SEQUENCE = 0x30;

  private final List<Path> paths;
  private final @Nullable Path passwordFile;

  private KeyFile(List<Path> paths, @Nullable Path passwordFile) {
    this.paths = paths;
    this.passwordFile = passwordFile;
  }

  /** A file with everything in it, PKCS#12 or PEM. */
  public static KeyFile of(Path file) {
    return new KeyFile(List.of(file), null);
  }

  /** A PEM file with the key and one with its certificates, as Kubernetes keeps them. */
  public static KeyFile of(Path key, Path certificates) {
    return new KeyFile(List.of(key, certificates), null);
  }

  /** The same, opened with the first line of a file, which is read at every look. */
  public KeyFile withPasswordFile(Path file) {
    return new KeyFile(paths, file);
  }

  /** What is to be read, for messages. */
  String name() {
    return paths.get(0).toString();
  }

  /**
   * What the files hold now, one after the other.
   *
   * @throws IllegalArgumentException when there is a file that can't be read; the message names it
   */
  byte[] content() {
    byte[][] parts = new byte[paths.size()][];
    int length = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = read(paths.get(i), MAX_BYTES);
      length += parts[i].length + 1;
    }
    ByteBuffer all = ByteBuffer.allocate(length);
    for (byte[] part : parts) {
      all.put(part).put((byte) '\n');
    }
    return all.array();
  }

  /**
   * The password of now, which the caller wipes; null: there is none.
   *
   * @throws IllegalArgumentException when its file can't be read; the message names it
   */
  char @Nullable [] password() {
    if (passwordFile == null) {
      return null;
    }
    return readPassword(passwordFile);
  }

  /**
   * The password in a file, which the caller wipes: its first line, UTF-8.
   *
   * @throws IllegalArgumentException when the file can't be read or holds none; the message names
   *     it
   */
  public static char[] readPassword(Path passwordFile) {
    byte[] bytes = read(passwordFile, MAX_PASSWORD_BYTES);
    CharBuffer chars;
    try {
      chars = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("The password file " + passwordFile + " is not UTF-8.");
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
    int end = 0;
    while (end < chars.length() && chars.get(end) != '\n' && chars.get(end) != '\r') {
      end++;
    }
    char[] line = Arrays.copyOf(chars.array(), end);
    Arrays.fill(chars.array(), '\0');
    if (line.length == 0) {
      throw new IllegalArgumentException("The password file " + passwordFile + " is empty.");
    }
    return line;
  }

  /**
   * The keys of a content.
   *
   * @throws IllegalArgumentException when it holds none that can be used
   */
  static List<KeyMaterial> keys(byte[] content, char @Nullable [] password) {
    // PKCS#12 is a SEQUENCE whose length needs more than one byte (X.690 §8.1.3).
    if (content.length > 1 && content[0] == SEQUENCE && content[1] < 0) {
      if (password == null) {
        throw new IllegalArgumentException("The key store needs a password, and there is none.");
      }
      return KeyStoreKeys.ofPkcs12(Arrays.copyOf(content, content.length - 1), password);
    }
    return List.of(PemKeys.read(new String(content, UTF_8), password));
  }

  @Override
  public String toString() {
    return "KeyFile" + paths;
  }

  private static byte[] read(Path file, int limit) {
    // A pipe would wait for a writer.
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("There is no file " + file + ".");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new IllegalArgumentException(
            "The file " + file + " is larger than " + limit + " bytes.");
      }
      return bytes;
    } catch (IOException e) {
      throw new IllegalArgumentException("The file " + file + " can't be read.", e);
    }
  }
}
