package no.portvakt.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.Provider;
import java.security.ProviderException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.TreeSet;
import javax.crypto.SecretKey;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyCipher;
import no.portvakt.server.issuer.KeyStorage;
import no.portvakt.tokens.KeyFile;
import no.portvakt.tokens.KeyFiles;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import no.portvakt.tokens.KeySourceProvider;
import no.portvakt.tokens.Pkcs11Keys;
import no.portvakt.tokens.Pkcs11Token;
import org.jspecify.annotations.Nullable;

/** Opens what the settings say of keys: the master key, and the source of signing keys. */
public final class PrivateKeys {
  private PrivateKeys() {}

  /**
   * The master key.
   *
   * @throws KeyCipher.WrongMasterKey when it can't be used
   */
  public static KeyCipher master(Settings settings) {
    Settings.MasterKey where = settings.masterKey();
    if (where.text() != null) {
      return KeyCipher.of("in the settings", where.text());
    }
    if (where.file() != null) {
      return KeyCipher.fromFile(where.file(), false);
    }
    if (where.device() != null) {
      return inDevice(where.device());
    }
    requireShared(settings);
    Path data = settings.data();
    if (data == null) {
      return KeyCipher.ephemeral();
    }
    Path file = data.resolve("master.key");
    if (holdsStore(settings) && !Files.exists(file)) {
      throw new BadSettings(
          "The folder "
              + data
              + " holds a store but not master.key, which its private keys are encrypted with. Put"
              + " the file back, or name it in master-key.file.");
    }
    return KeyCipher.fromFile(file, true);
  }

  /**
   * Looks at a master key that must be there, before a store is opened; one in a device is left
   * alone.
   *
   * @throws BadSettings when nodes that share a store are given none, or the one of a store is gone
   * @throws KeyCipher.WrongMasterKey when it can't be used
   */
  static void lookAtMaster(Settings settings) {
    requireShared(settings);
    if (settings.masterKey().device() == null
        && (settings.masterKey().isGiven() || holdsStore(settings))) {
      KeyCipher _ = master(settings);
    }
  }

  /** Makes the master key of a folder that has no store yet: a store never waits for its key. */
  static void makeMaster(Settings settings) {
    Path data = settings.data();
    if (data != null && !settings.masterKey().isGiven() && !holdsStore(settings)) {
      Database.makeFolder(data);
      KeyCipher _ = master(settings);
    }
  }

  private static boolean holdsStore(Settings settings) {
    return settings.data() != null && Database.existsIn(settings.data());
  }

  private static void requireShared(Settings settings) {
    if (settings.store() != null && !settings.masterKey().isGiven()) {
      throw new BadSettings(
          "A store in PostgreSQL needs master-key.file, master-key.text (the variable"
              + " PORTVAKT_MASTER_KEY_TEXT) or master-key.device, the same on every node.");
    }
  }

  private static KeyCipher inDevice(Settings.Device device) {
    try {
      Provider provider = token(device).provider();
      KeyStore store = KeyStore.getInstance("PKCS11", provider);
      store.load(null, SettingsFile.secret(device.pinFile()).toCharArray());
      Key key = store.getKey(device.alias(), null);
      if (!(key instanceof SecretKey secret) || !secret.getAlgorithm().equals("AES")) {
        throw new BadSettings(
            "master-key.device has no AES key with the alias " + device.alias() + ".");
      }
      return KeyCipher.inDevice(secret, provider);
    } catch (GeneralSecurityException | IOException | ProviderException e) {
      throw new BadSettings(
          "master-key.device can't be used: the library or the token does not answer, or it refuses"
              + " the PIN.");
    } catch (IllegalArgumentException e) {
      throw new BadSettings("master-key.device can't be used. " + e.getMessage());
    }
  }

  /** The source of the platform's signing keys, or null when they are made here. */
  static KeyStorage.@Nullable External source(Settings.Signing signing, InstantSource clock) {
    Settings.Source source = signing.source();
    return source == null
        ? null
        : new KeyStorage.External(source.type(), open(source, clock), source.outage(), clock);
  }

  private static KeySource open(Settings.Source source, InstantSource clock) {
    Duration refresh = source.refresh();
    Settings.Device device = source.device();
    try {
      return switch (source.type()) {
        case "files" ->
            new KeyFiles(
                source.files().stream().map(file -> keyFile(file, source.passwordFile())).toList(),
                refresh,
                clock);
        case "pkcs11" ->
            new Pkcs11Keys(
                token(Objects.requireNonNull(device)),
                device.alias(),
                SettingsFile.secret(device.pinFile()).toCharArray(),
                refresh,
                clock);
        default -> ofModule(source, clock);
      };
    } catch (IllegalArgumentException e) {
      throw new BadSettings("The setting signing.source can't be used. " + e.getMessage());
    }
  }

  private static KeySource ofModule(Settings.Source source, InstantSource clock) {
    TreeSet<String> types = new TreeSet<>(List.of("files", "pkcs11"));
    for (KeySourceProvider provider : ServiceLoader.load(KeySourceProvider.class)) {
      if (provider.type().equals(source.type())) {
        Map<String, String> settings = new HashMap<>(source.more());
        settings.put("refresh", source.refresh().toString());
        return provider.open(settings, clock);
      }
      types.add(provider.type());
    }
    throw new BadSettings("The setting signing.source.type takes one of " + types + ".");
  }

  private static KeyFile keyFile(Path file, @Nullable Path passwordFile) {
    return passwordFile == null
        ? KeyFile.of(file)
        : KeyFile.of(file).withPasswordFile(passwordFile);
  }

  private static Pkcs11Token token(Settings.Device device) {
    return Pkcs11Token.atIndex(device.library().toAbsolutePath(), device.slotIndex());
  }

  /**
   * Opens everything once, as a start would, and closes it again.
   *
   * @throws BadSettings when something can't be used
   */
  public static void check(Settings settings) {
    if (settings.masterKey().isGiven() || settings.store() != null) {
      KeyCipher _ = master(settings); // never the one in the data folder, which would be made
    }
    KeyStorage.External external = source(settings.signing(), InstantSource.system());
    if (external != null) {
      try (KeySource source = external.source()) {
        int keys = source.load().size();
        if (keys == 0) {
          throw new BadSettings("The source of signing keys holds none.");
        }
      } catch (KeySourceUnavailable e) {
        throw new BadSettings("The source of signing keys gives none: " + e.getMessage());
      }
    }
  }
}
