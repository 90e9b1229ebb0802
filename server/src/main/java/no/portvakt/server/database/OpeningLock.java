package no.portvakt.server.database;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
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
   * @throws Database.UnusableData when the folder can't be written, or nothing in it be locked
   */
  static OpeningLock in(Path folder) {
    THREADS.acquireUninterruptibly();
    OpeningLock lock = null;
    try {
      while (lock == null) {
        lock = tryIn(folder);
      }
      return lock;
    } finally {
      if (lock == null) {
        THREADS.release();
      }
    }
  }

  /** Waits for the file that is there; null when it is gone then, and others wait for a new one. */
  private static @Nullable OpeningLock tryIn(Path folder) {
    Path file = folder.resolve(SqliteEngine.FILE_NAME + "-opening");
    FileChannel channel;
    try {
      channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
              OwnerOnly.permissions("rw-------"));
    } catch (IOException e) {
      throw SqliteEngine.unwritable(folder, e);
    }
    boolean ours = false;
    try {
      boolean _ = channel.lock().isValid();
      // What is there with something in it is nobody's sign: whoever leaves one has removed the
      // file.
      ours = channel.size() == 0 || file.toFile().length() > 0;
      return ours ? new OpeningLock(file, channel) : null;
    } catch (IOException e) {
      throw new Database.UnusableData(
          "No file in the data folder "
              + folder
              + " can be locked; keep it on a file system with locks.",
          e);
    } finally {
      if (!ours) {
        close(channel);
      }
    }
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("A file that was to be locked can't be closed.", e);
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
