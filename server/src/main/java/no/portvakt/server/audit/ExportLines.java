package no.portvakt.server.audit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import no.portvakt.server.audit.AuditVerifier.BrokenExport;
import org.jspecify.annotations.Nullable;

/** The lines of an export one by one: UTF-8, ended by a line feed, of at most 1 MiB each. */
final class ExportLines {
  /** The longest line, in bytes. */
  static final int MAX_BYTES = 1024 * 1024;

  private final InputStream in;
  private final byte[] buffer = new byte[64 * 1024];
  private int position;
  private int filled;
  private long number;
  private boolean cutOff;

  ExportLines(InputStream in) {
    this.in = in;
  }

  /** The number of the last line that {@link #next} read, from 1. */
  long number() {
    return number;
  }

  /** Whether the last line that {@link #next} read has no line feed: the file ends in it. */
  boolean cutOff() {
    return cutOff;
  }

  /**
   * The next line without its line feed, or null at the end of the file.
   *
   * @throws BrokenExport when the line is too long, or is not UTF-8
   */
  @Nullable String next() throws IOException, BrokenExport {
    if (position == filled && !fill()) {
      return null;
    }
    number++;
    cutOff = false;
    ByteArrayOutputStream line = new ByteArrayOutputStream(4096);
    while (true) {
      int end = position;
      while (end < filled && buffer[end] != '\n') {
        end++;
      }
      if (line.size() + end - position > MAX_BYTES) {
        throw new BrokenExport(number, null, null, "The line is longer than 1 MiB.");
      }
      line.write(buffer, position, end - position);
      position = end;
      if (end < filled) {
        position++;
        return text(line.toByteArray());
      }
      if (!fill()) {
        cutOff = true;
        return text(line.toByteArray());
      }
    }
  }

  private boolean fill() throws IOException {
    position = 0;
    filled = Math.max(0, in.read(buffer));
    return filled > 0;
  }

  private String text(byte[] line) throws BrokenExport {
    if (line.length > 0 && line[line.length - 1] == '\r') {
      throw new BrokenExport(
          number, null, null, "The line ends in CR LF: something rewrote the file on its way.");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
    } catch (CharacterCodingException e) {
      throw new BrokenExport(
          number, null, null, cutOff ? AuditVerifier.ENDS_IN_A_LINE : "The line is not UTF-8.");
    }
  }
}
