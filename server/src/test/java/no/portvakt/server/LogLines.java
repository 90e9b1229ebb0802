package no.portvakt.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What a class logs while a test listens. */
public final class LogLines implements AutoCloseable {
  private final Logger logger;
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  private LogLines(Logger logger) {
    this.logger = logger;
    lines.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(lines);
  }

  /** Listens to a class. */
  public static LogLines of(Class<?> logged) {
    return new LogLines((Logger) LoggerFactory.getLogger(logged));
  }

  /** The lines with a text in them, each with its level. */
  public List<String> containing(String text) {
    return List.copyOf(lines.list).stream()
        .map(it -> it.getLevel() + " " + it.getFormattedMessage())
        .filter(it -> it.contains(text))
        .toList();
  }

  @Override
  public void close() {
    logger.detachAppender(lines);
    logger.setAdditive(true);
    logger.setLevel(null);
  }
}
