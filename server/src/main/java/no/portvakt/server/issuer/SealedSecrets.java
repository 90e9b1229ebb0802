package no.portvakt.server.issuer;

import java.time.InstantSource;
import java.util.function.Supplier;
import no.portvakt.server.store.SecretTable;

/** Small secrets of the platform's own, such as the audit's keys, encrypted with the master key. */
public final class SealedSecrets {
  private final SecretTable table;
  private final KeyCipher cipher;
  private final InstantSource clock;

  public SealedSecrets(SecretTable table, KeyCipher cipher, InstantSource clock) {
    this.table = table;
    this.cipher = cipher;
    this.clock = clock;
  }

  /**
   * The secret of a name; a missing one is made and kept. All nodes get the same.
   *
   * @throws KeyCipher.WrongMasterKey when the master key does not open it
   */
  public byte[] get(String name, Supplier<byte[]> fresh) {
    String sealed = table.find(name);
    if (sealed == null) {
      table.addIfMissing(name, cipher.encrypt(name, fresh.get()), clock.millis());
      sealed = String.valueOf(table.find(name)); // another node may have been faster
    }
    return cipher.decrypt(name, sealed);
  }
}
