package no.portvakt.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.Router;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The engine's HTTP/1.1 connections with two things that it lacks: they know how much of a request
 * was read, which tells headers that are too large from headers that are wrong; and after a refusal
 * they read the rest of the request before they close (RFC 9112 §9.6), because closing with unread
 * data resets the connection and the caller might never see the answer.
 */
final class PatientConnections implements ServerConnectionSelector {
  /** The most bytes that are read and thrown away after a refusal. */
  private static final long MOST = 16L * 1024 * 1024;

  /** A caller that sends nothing for this long has sent all. */
  private static final Duration QUIET = Duration.ofMillis(250);

  /** The most that reading on may take, in times of {@link #QUIET}. */
  private static final int PATIENCE = 20;

  private static final ScopedValue<Counted> CURRENT = ScopedValue.newInstance();

  private final Http1ConnectionSelector engine;

  PatientConnections(Http1ConnectionSelector engine) {
    this.engine = engine;
  }

  /** How many bytes this thread's connection has sent since its last answer. */
  static long bytesRead() {
    return CURRENT.isBound() ? CURRENT.get().read : 0;
  }

  /** Counts from zero again: a request has been answered. */
  static void answered() {
    if (CURRENT.isBound()) {
      CURRENT.get().read = 0;
    }
  }

  @Override
  public int bytesToIdentifyConnection() {
    return engine.bytesToIdentifyConnection();
  }

  @Override
  public Support supports(BufferData data) {
    return engine.supports(data);
  }

  @Override
  public Set<String> supportedApplicationProtocols() {
    return engine.supportedApplicationProtocols();
  }

  @Override
  public ServerConnection connection(ConnectionContext context) {
    Counted counted = new Counted(context);
    return new Patient(engine.connection(counted), counted);
  }

  private record Patient(ServerConnection engine, Counted context)
      implements ServerConnection, InterruptableTask<Void> {
    @Override
    public void handle(Limit limit) throws InterruptedException {
      ScopedValue.where(CURRENT, context)
          .<@Nullable Void, InterruptedException>call(() -> {
            engine.handle(limit);
            return null;
          });
      // It ends by itself after a refusal of the engine's own, and when the server stops.
      if (!context.closing) {
        context.readOn();
      }
    }

    @Override
    public Duration idleTime() {
      return engine.idleTime();
    }

    @Override
    public void close(boolean interrupt) {
      context.closing = true;
      engine.close(interrupt);
    }

    @Override
    public boolean canInterrupt() {
      return engine instanceof InterruptableTask<?> task && task.canInterrupt();
    }
  }

  /** A connection's context whose reader counts. Used by the connection's own thread. */
  private static final class Counted implements ConnectionContext {
    private final ConnectionContext engine;
    private final DataReader reader;
    private volatile long read;
    private volatile boolean closing;

    Counted(ConnectionContext engine) {
      this.engine = engine;
      this.reader = DataReader.create(this::next);
    }

    private byte @Nullable [] next() {
      try {
        byte[] bytes = engine.serverSocket().get();
        if (bytes != null) {
          read = Math.addExact(read, bytes.length); // one thread writes, another looks on
        }
        return bytes;
      } catch (UncheckedIOException e) {
        throw new CloseConnectionException("The connection broke.", e);
      }
    }

    void readOn() {
      Thread reading = Thread.currentThread();
      Thread watch = Thread.startVirtualThread(() -> interruptWhenQuiet(reading));
      long limit = read + MOST;
      try {
        while (read < limit && next() != null) {}
      } catch (CloseConnectionException e) {
        // The caller went away, or was quiet: either way all is read that there is to read.
        return;
      } finally {
        watch.interrupt();
      }
    }

    private void interruptWhenQuiet(Thread reading) {
      long before = -1;
      try {
        for (int i = 0; i < PATIENCE && before != read; i++) {
          before = read;
          Thread.sleep(QUIET);
        }
        reading.interrupt();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public DataReader dataReader() {
      return reader;
    }

    @Override
    public ListenerContext listenerContext() {
      return engine.listenerContext();
    }

    @Override
    public java.util.concurrent.ExecutorService executor() {
      return engine.executor();
    }

    @Override
    public DataWriter dataWriter() {
      return engine.dataWriter();
    }

    @Override
    public Router router() {
      return engine.router();
    }

    @Override
    public HelidonSocket serverSocket() {
      return engine.serverSocket();
    }

    @Override
    public PeerInfo remotePeer() {
      return engine.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
      return engine.localPeer();
    }

    @Override
    public boolean isSecure() {
      return engine.isSecure();
    }

    @Override
    public String socketId() {
      return engine.socketId();
    }

    @Override
    public String childSocketId() {
      return engine.childSocketId();
    }
  }
}
