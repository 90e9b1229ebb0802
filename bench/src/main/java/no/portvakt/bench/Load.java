package no.portvakt.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * A closed loop: so many connections to loopback, each sending its next request when it has read
 * the answer to the last. It works on bare sockets because it shares the processors with the
 * server.
 */
final class Load {
  private final int port;
  private final int connections;
  private final Supplier<byte[]> requests;

  /**
   * @param requests whole HTTP requests; each must be answered 200
   */
  Load(int port, int connections, Supplier<byte[]> requests) {
    this.port = port;
    this.connections = connections;
    this.requests = requests;
  }

  /** What a run measured. */
  static final class Result {
    private final long[] sortedNanos;
    private final double seconds;

    private Result(long[] sortedNanos, double seconds) {
      this.sortedNanos = sortedNanos;
      this.seconds = seconds;
    }

    int count() {
      return sortedNanos.length;
    }

    double seconds() {
      return seconds;
    }

    double percentileMillis(double part) {
      int index = (int) Math.min(sortedNanos.length - 1L, Math.round(sortedNanos.length * part));
      return sortedNanos.length == 0 ? 0 : sortedNanos[index] / 1e6;
    }
  }

  Result run(double seconds) throws InterruptedException {
    long began = System.nanoTime();
    long until = began + (long) (seconds * 1e9);
    List<Connection> all = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      Connection connection = new Connection(until);
      all.add(connection);
      threads.add(Thread.ofVirtual().start(connection));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    double took = (System.nanoTime() - began) / 1e9;
    int count = all.stream().mapToInt(it -> it.count).sum();
    long[] merged = new long[count];
    int at = 0;
    for (Connection connection : all) {
      if (connection.failure != null) {
        throw new IllegalStateException("A connection failed.", connection.failure);
      }
      System.arraycopy(connection.nanos, 0, merged, at, connection.count);
      at += connection.count;
    }
    Arrays.sort(merged);
    return new Result(merged, took);
  }

  private final class Connection implements Runnable {
    private final long until;
    private long[] nanos = new long[4096];
    private int count;
    private @org.jspecify.annotations.Nullable Exception failure;

    Connection(long until) {
      this.until = until;
    }

    @Override
    public void run() {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        OutputStream out = socket.getOutputStream();
        InputStream in = new BufferedInputStream(socket.getInputStream(), 8192);
        do {
          byte[] request = requests.get();
          long sent = System.nanoTime();
          out.write(request);
          out.flush();
          readAnswer(in);
          if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
          }
          nanos[count++] = System.nanoTime() - sent;
        } while (System.nanoTime() < until);
      } catch (IOException | RuntimeException e) {
        failure = e;
      }
    }

    private void readAnswer(InputStream in) throws IOException {
      String status = line(in);
      int length = 0;
      for (String header = line(in); !header.isEmpty(); header = line(in)) {
        if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(header.substring(15).strip());
        }
      }
      byte[] body = in.readNBytes(length);
      if (!status.startsWith("HTTP/1.1 200")) {
        throw new IOException(status + " " + new String(body, StandardCharsets.UTF_8));
      }
    }

    private String line(InputStream in) throws IOException {
      StringBuilder line = new StringBuilder(64);
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0) {
          throw new IOException("The server closed the connection.");
        }
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }
  }
}
