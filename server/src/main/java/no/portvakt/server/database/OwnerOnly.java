package no.portvakt.server.database;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Makes files and folders that only their owner may read, where the file system knows owners. */
public final class OwnerOnly {
  private OwnerOnly() {}

  /** Makes a folder and those above it when it is missing; leaves an existing one as it is. */
  public static void createFolder(Path folder) throws IOException {
    Path parent = folder.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectory(folder, permissions("rwx------"));
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) { // else somebody else was faster
        throw e;
      }
    }
  }

  /**
   * Makes an empty file when it is missing.
   *
   * @return whether it was missing
   */
  public static boolean createFile(Path file) throws IOException {
    if (Files.exists(file)) {
      return false;
    }
    Files.createFile(file, permissions("rw-------"));
    return true;
  }

  static FileAttribute<?>[] permissions(String permissions) {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }
}
