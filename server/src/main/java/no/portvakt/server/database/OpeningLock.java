package no.portvakt.server.database;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one opening of a folder's store go on at a time: SQLite has no lock that lasts from the
 * first look at the schema to its last change. The operating system lets go of it with the process.
 */
final class OpeningLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OpeningLock.class);

  /** A file's lock is its process's, so the threads of a process take turns here. */
  private static final Semaphore THREADS = new Semaphore(1);

  private final Path file;
  private final FileChannel channel;

  private OpeningLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Waits for its turn.
   *
   * @throws Database.UnusableData when the folder can't be written
   */
  static OpeningLock in(Path folder) {
    Path file = folder.resolve(SqliteEngine.FILE_NAME + "-opening");
    THREADS.acquireUninterruptibly();
    try {
      while (true) {
        FileChannel channel =
            FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                OwnerOnly.permissions("rw-------"));
        boolean _ = channel.lock().isValid();
        // What is there with something in it is nobody's sign: whoever leaves one has removed the
        // file.
        if (channel.size() == 0 || file.toFile().length() > 0) {
          return new OpeningLock(file, channel);
        }
        channel.close(); // the file that was waited for is gone, and others wait for a new one
      }
    } catch (IOException e) {
      THREADS.release();
      throw SqliteEngine.unwritable(folder, e);
    }
  }

  @Override
  public void close() {
    try (channel) {
      Files.deleteIfExists(file);
      channel.write(ByteBuffer.allocate(1)); // says so to those who wait for it
    } catch (IOException e) {
      LOG.debug("The file {} stays, and is locked no more.", file, e);
    } finally {
      THREADS.release();
    }
  }
}
