package no.portvakt.server.http;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.slf4j.LoggerFactory;

/** What this room and the engine log while it is open, each with its level first. */
final class HttpLogLines implements AutoCloseable {
  private final Queue<String> lines = new ConcurrentLinkedQueue<>();
  private final Logger ours = (Logger) LoggerFactory.getLogger("no.portvakt.server.http");
  private final java.util.logging.Logger engine = java.util.logging.Logger.getLogger("io.helidon");

  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          lines.add(
              event.getLevel()
                  + " "
                  + event.getFormattedMessage()
                  + (event.getThrowableProxy() == null ? "" : " with an exception"));
        }
      };

  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord event) {
          lines.add(
              event.getLevel()
                  + " "
                  + event.getMessage()
                  + (event.getThrown() == null ? "" : " with an exception"));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  HttpLogLines() {
    appender.start();
    ours.setLevel(Level.DEBUG);
    ours.addAppender(appender);
    engine.addHandler(handler);
  }

  /**
   * The lines that tell an operator of something wrong, but for the last word of a listener that an
   * earlier test closed.
   */
  List<String> warnings() {
    return lines.stream()
        .filter(it -> it.matches("(?s)(WARN|ERROR|SEVERE).*"))
        .filter(it -> !it.startsWith("SEVERE Got a throwable while listening"))
        .toList();
  }

  List<String> all() {
    return List.copyOf(lines);
  }

  @Override
  public void close() {
    ours.detachAppender(appender);
    ours.setLevel(null);
    engine.removeHandler(handler);
  }
}
