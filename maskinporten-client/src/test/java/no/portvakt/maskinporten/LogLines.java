package no.portvakt.maskinporten;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What a logger and those below it say, from now on until this is closed. */
final class LogLines implements AutoCloseable {
  private final Logger logger;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(
              line.getLevel()
                  + " "
                  + new SimpleFormatter().formatMessage(line)
                  + (line.getThrown() == null ? "" : " " + line.getThrown()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  LogLines(String name) {
    logger = Logger.getLogger(name);
    logger.addHandler(handler);
  }

  /** Each line with its level first. */
  List<String> all() {
    return lines;
  }

  @Override
  public void close() {
    logger.removeHandler(handler);
  }
}
