package no.portvakt.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.KeyFile;

/** What a person gives a command to read; {@code -} stands for standard input. */
final class Input {
  static final String STANDARD = "-";
  private static final int LONGEST_LINE = 1024;

  private Input() {}

  /**
   * The whole of a file or of standard input.
   *
   * @param longest in bytes; what has more is refused
   */
  static byte[] read(String name, int longest) {
    if (!name.equals(STANDARD)) {
      return read(Path.of(name), longest);
    }
    try {
      return whole(System.in, "What is on standard input", longest);
    } catch (IOException e) {
      throw unreadable();
    }
  }

  /** The same, of a file. */
  static byte[] read(Path file, int longest) {
    try (InputStream in = Files.newInputStream(file)) {
      return whole(in, "The file " + file, longest);
    } catch (IOException e) {
      throw CannotDo.unreadable(file);
    }
  }

  private static byte[] whole(InputStream in, String what, int longest) throws IOException {
    byte[] bytes = in.readNBytes(longest + 1);
    if (bytes.length > longest) {
      throw new CannotDo(what + " is too long: more than " + longest / 1024 + " KiB.");
    }
    return bytes;
  }

  /**
   * The first line of standard input, without blanks around it and without waiting for the end of
   * what is typed; of ASCII.
   */
  static String line() {
    InputStream in = System.in;
    StringBuilder line = new StringBuilder();
    try {
      for (int c = in.read(); c >= 0 && c != '\n' && line.length() < LONGEST_LINE; c = in.read()) {
        line.append((char) c);
      }
    } catch (IOException e) {
      throw unreadable();
    }
    return line.toString().strip();
  }

  private static CannotDo unreadable() {
    return new CannotDo("Standard input can't be read.");
  }

  /** The password in a file: its first line. */
  static char[] password(Path file) {
    try {
      return KeyFile.readPassword(file);
    } catch (IllegalArgumentException e) {
      throw new CannotDo(String.valueOf(e.getMessage()));
    }
  }
}
