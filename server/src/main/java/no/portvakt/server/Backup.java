package no.portvakt.server;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.audit.AuditVerifier;
import no.portvakt.server.audit.AuditVerifier.Report;
import no.portvakt.server.audit.Checkpoints;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.OwnerOnly;
import no.portvakt.server.issuer.KeyCipher;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * A copy of the store in a folder of its own: {@code portvakt.db}, {@code manifest.json} that says
 * what it is and its SHA-256, and {@code master.key} when that was asked for (docs/operations.md).
 */
public final class Backup {
  private static final String FORMAT = "portvakt-backup-1";
  private static final String STORE = "portvakt.db";
  private static final String MANIFEST = "manifest.json";
  private static final String MASTER_KEY = "master.key";
  private static final String EXPORT = "audit.jsonl";

  /** What SQLite writes beside a store, and would take for a part of any store of that name. */
  private static final List<String> BESIDE =
      List.of(STORE + "-wal", STORE + "-shm", STORE + "-journal");

  private Backup() {}

  /**
   * A data folder that was made from a backup.
   *
   * @param created when the backup was made
   * @param records how many audit records it holds
   */
  public record Restored(Instant created, long records) {}

  /**
   * Copies a store while others use it.
   *
   * @param target the folder to make
   * @throws UnsupportedOperationException when the store is in PostgreSQL
   */
  public static Path write(
      Settings settings, Database database, Path target, boolean withMasterKey) {
    if (Files.exists(target)) {
      throw new BadSettings("The folder " + target + " is there already; name a new one.");
    }
    Path data = settings.data();
    Path key = data == null ? null : data.resolve(MASTER_KEY);
    if (withMasterKey && settings.masterKey().isGiven()) {
      throw new BadSettings(
          "The settings have a master key of their own; only one in the data folder is copied.");
    }
    if (withMasterKey && (key == null || !Files.exists(key))) {
      throw new BadSettings("There is no master key in the data folder to copy.");
    }
    try {
      OwnerOnly.createFolder(target);
      Path file = target.resolve(STORE);
      boolean _ = OwnerOnly.createFile(file);
      database.copyTo(file);
      force(file);
      if (withMasterKey && key != null) {
        copy(key, target.resolve(MASTER_KEY));
      }
      Map<String, Object> manifest = new LinkedHashMap<>();
      manifest.put("format", FORMAT);
      manifest.put("created", Instant.now().toString());
      manifest.put("sha256", sha256(file));
      // Last, so that a backup that was cut short has none.
      boolean _ = OwnerOnly.createFile(target.resolve(MANIFEST));
      Files.writeString(target.resolve(MANIFEST), Json.writePretty(manifest) + "\n");
      force(target.resolve(MANIFEST));
      return target;
    } catch (UnsupportedOperationException e) {
      remove(target); // nothing was copied
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException("The backup " + target + " can't be written.", e);
    }
  }

  /**
   * Makes a data folder from a backup: nothing is there unless all of it holds.
   *
   * @param settings whose data folder to make, and where its master key is, if not in there. The
   *     folder must hold no store yet, nothing that one left, and no other master key.
   * @param masterKey the file of a master key that goes into the folder; null: the one in the
   *     backup, or none when the settings say where it is
   * @throws BadSettings when the backup is not whole, or the folder can't be used
   * @throws KeyCipher.WrongMasterKey when the master key does not open it
   */
  public static Restored restore(Settings settings, Path source, @Nullable Path masterKey) {
    Path data = settings.data();
    if (settings.store() != null || data == null) {
      throw new BadSettings(
          "These settings have their store in PostgreSQL; name the folder to make with --data.");
    }
    requireNoStore(data);
    Path key = keyToBring(settings.masterKey(), source, masterKey);
    Path fresh = data.resolveSibling(data.getFileName() + ".restoring");
    try {
      if (key != null) {
        requireNoOtherKey(data.resolve(MASTER_KEY), key);
      }
      Instant created = check(source);
      remove(fresh); // what an earlier restore left would be taken for the end of this store
      OwnerOnly.createFolder(fresh);
      copy(source.resolve(STORE), fresh.resolve(STORE));
      if (key != null) {
        copy(key, fresh.resolve(MASTER_KEY));
      }
      long records = open(fresh, settings.masterKey());
      force(fresh.resolve(STORE));
      OwnerOnly.createFolder(data);
      if (key != null) {
        Files.move(
            fresh.resolve(MASTER_KEY),
            data.resolve(MASTER_KEY),
            StandardCopyOption.REPLACE_EXISTING);
      }
      Files.move(fresh.resolve(STORE), data.resolve(STORE));
      return new Restored(created, records);
    } catch (IOException e) {
      throw new UncheckedIOException("The backup " + source + " can't be restored.", e);
    } finally {
      remove(fresh);
    }
  }

  /** The file of the master key that goes into the folder; null: the settings say where it is. */
  private static @Nullable Path keyToBring(
      Settings.MasterKey given, Path source, @Nullable Path masterKey) {
    if (given.isGiven()) {
      if (masterKey != null) {
        throw new BadSettings("The settings have a master key already; leave --master-key out.");
      }
      return null;
    }
    Path key = masterKey == null ? source.resolve(MASTER_KEY) : masterKey;
    if (!Files.isRegularFile(key)) {
      throw new BadSettings(
          "The backup "
              + source
              + " has no master key; name its file with --master-key, or the settings that say where"
              + " it is with --config.");
    }
    return key;
  }

  private static void requireNoStore(Path data) {
    if (Database.existsIn(data)) {
      throw new BadSettings("The folder " + data + " holds a store already; name another.");
    }
    List<String> left = BESIDE.stream().filter(it -> Files.exists(data.resolve(it))).toList();
    if (!left.isEmpty()) {
      throw new BadSettings(
          "The folder %s holds what another store left; remove %s or name another folder."
              .formatted(data, String.join(" and ", left)));
    }
  }

  private static void requireNoOtherKey(Path file, Path key) throws IOException {
    if (Files.exists(file)
        && !MessageDigest.isEqual(Files.readAllBytes(file), Files.readAllBytes(key))) {
      throw new BadSettings(
          "The file " + file + " is another master key; remove it or name another folder.");
    }
  }

  private static Instant check(Path source) throws IOException {
    if (!Files.isRegularFile(source.resolve(MANIFEST))) {
      throw new BadSettings("The folder " + source + " holds no whole backup.");
    }
    try {
      Map<String, @Nullable Object> manifest =
          Json.readObject(Files.readAllBytes(source.resolve(MANIFEST)));
      if (!FORMAT.equals(manifest.get("format"))) {
        throw new BadSettings("The backup " + source + " is not of the form " + FORMAT + ".");
      }
      if (!sha256(source.resolve(STORE)).equals(manifest.get("sha256"))) {
        throw new BadSettings("The backup " + source + " was changed after it was made.");
      }
      return Instant.parse(String.valueOf(manifest.get("created")));
    } catch (MalformedJson | java.time.DateTimeException e) {
      throw new BadSettings("The manifest of the backup " + source + " can't be read.");
    }
  }

  /** Opens a store, every key, and verifies its whole audit; returns how many records it holds. */
  private static long open(Path folder, Settings.MasterKey masterKey) throws IOException {
    Settings settings = Settings.development(folder, 0).withMasterKey(masterKey);
    KeyCipher cipher = PrivateKeys.master(settings);
    InstantSource clock = InstantSource.system();
    try (Database database = Database.open(folder)) {
      AuditTable table = new AuditTable(database);
      AuditLog audit = new AuditLog(database, table, (_, _, _) -> {}, RuleTrace::new);
      try (PlatformKeys keys = PlatformKeys.of(settings, database, cipher, clock, audit)) {
        for (Settings.Role role : Settings.Role.values()) {
          keys.ring(role); // reads, and so opens, each key
        }
      }
      return verified(Server.checkpoints(database, cipher, clock), folder.resolve(EXPORT));
    }
  }

  private static long verified(Checkpoints checkpoints, Path export) throws IOException {
    try {
      boolean _ = OwnerOnly.createFile(export);
      try (BufferedWriter out = Files.newBufferedWriter(export)) {
        checkpoints.export(out, "");
      }
      return switch (AuditVerifier.verify(export, checkpoints.key())) {
        case Report.Whole whole -> whole.records();
        case Report.Broken broken ->
            throw new BadSettings(
                "The audit is not whole: chain %s, record %s. %s"
                    .formatted(broken.chain(), broken.seq(), broken.sentence()));
      };
    } catch (Checkpoints.Tampered e) {
      throw new BadSettings("The audit is not whole: " + e.getMessage());
    } finally {
      Files.deleteIfExists(export);
    }
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(((DigestInputStream) in).getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256 is missing from this Java platform.", e);
    }
  }

  /** Copies a file for its owner alone, to the disk. */
  private static void copy(Path from, Path to) throws IOException {
    boolean _ = OwnerOnly.createFile(to);
    try (OutputStream out = Files.newOutputStream(to)) {
      Files.copy(from, out);
    }
    force(to);
  }

  private static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static void remove(Path folder) {
    try {
      for (String name : List.of(MASTER_KEY, EXPORT, STORE, STORE + "-opening")) {
        Files.deleteIfExists(folder.resolve(name));
      }
      for (String name : BESIDE) {
        Files.deleteIfExists(folder.resolve(name));
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("The folder " + folder + " can't be removed.", e);
    }
  }
}
