package no.portvakt.server.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears what other nodes announce (PostgreSQL's LISTEN). An announcement can be missed while the
 * connection is away, so after each new connection every listener is told, and whoever listens
 * polls as well.
 */
final class Announcements implements AutoCloseable {
  static final String CHANNEL = "portvakt";

  private static final Logger LOG = LoggerFactory.getLogger(Announcements.class);
  private static final int WAIT_MILLIS = 500;
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

  private final DataSource source;
  private final Listeners listeners;
  private final Thread thread;
  private volatile boolean closing;
  private volatile @Nullable Connection listening;

  /** Who wants to know of changes, by topic. */
  static final class Listeners {
    private final Map<String, List<Runnable>> byTopic = new ConcurrentHashMap<>();

    void add(String topic, Runnable listener) {
      byTopic.computeIfAbsent(topic, _ -> new CopyOnWriteArrayList<>()).add(listener);
    }

    void tell(String topic) {
      for (Runnable listener : byTopic.getOrDefault(topic, List.of())) {
        try {
          listener.run();
        } catch (RuntimeException e) {
          LOG.warn("A change of {} is not taken over yet: {}", topic, e.getMessage());
        }
      }
    }

    void tellAll() {
      byTopic.keySet().forEach(this::tell);
    }
  }

  Announcements(DataSource source, Listeners listeners) {
    this.source = source;
    this.listeners = listeners;
    this.thread = Thread.ofPlatform().name("store-listener").daemon().start(this::listen);
  }

  private void listen() {
    while (!closing) {
      try (Connection connection = source.getConnection();
          Statement statement = connection.createStatement()) {
        listening = connection;
        statement.execute("LISTEN " + CHANNEL);
        listeners.tellAll();
        PGConnection postgres = connection.unwrap(PGConnection.class);
        while (!closing) {
          PGNotification @Nullable [] heard = postgres.getNotifications(WAIT_MILLIS);
          if (heard != null) {
            for (PGNotification one : heard) {
              listeners.tell(one.getParameter());
            }
          }
        }
      } catch (SQLException e) {
        if (!closing) {
          LOG.warn("Announcements of other nodes are not heard for now: {}", e.getSQLState());
          LockSupport.parkNanos(AFTER_FAILURE.toNanos());
        }
      }
    }
  }

  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    Connection connection = listening;
    try {
      if (connection != null) {
        connection.abort(Runnable::run); // it waits for news, and would for a while
      }
    } catch (SQLException e) {
      LOG.debug("The listening connection was gone already.", e);
    }
    try {
      thread.join(Duration.ofSeconds(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
