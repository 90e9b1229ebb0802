package no.portvakt.server.http;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.KeyStore.PrivateKeyEntry;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import no.portvakt.server.http.HttpServer.UnusableTls;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;
import org.jspecify.annotations.Nullable;

/**
 * The files of the server's certificate: a chain and its key in PEM, or one PKCS#12 file with both.
 *
 * @param certificate PEM (RFC 7468) with the server's certificate first, then those that lead to a
 *     root; null with a key store
 * @param key PEM with the private key in PKCS#8 (RFC 5958), encrypted or not; null with a key store
 * @param keystore PKCS#12 (RFC 7292) with one private key and its chain; null with PEM
 * @param passwordFile UTF-8 with the password of the key or the key store; a line end after it does
 *     not count; null when there is none
 * @param lookEvery how often the files are looked at for a change
 */
public record TlsFiles(
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable Path keystore,
    @Nullable Path passwordFile,
    Duration lookEvery) {

  private static final Duration OFTEN = Duration.ofSeconds(10);
  private static final int MOST = 1024 * 1024;

  /**
   * @throws UnusableTls when it is neither PEM nor PKCS#12
   */
  public TlsFiles {
    boolean pem = certificate != null && key != null && keystore == null;
    boolean pkcs12 = certificate == null && key == null && keystore != null;
    if ((!pem && !pkcs12) || !lookEvery.isPositive()) {
      throw new UnusableTls("TLS takes a certificate and its key, or a key store and neither.");
    }
  }

  /** A chain and its key in PEM, looked at every 10 s. */
  public static TlsFiles pem(Path certificate, Path key, @Nullable Path passwordFile) {
    return new TlsFiles(certificate, key, null, passwordFile, OFTEN);
  }

  /** A PKCS#12 file, looked at every 10 s. */
  public static TlsFiles pkcs12(Path keystore, @Nullable Path passwordFile) {
    return new TlsFiles(null, null, keystore, passwordFile, OFTEN);
  }

  /** The file with the certificate, for sentences about it. */
  Path named() {
    return Objects.requireNonNull(certificate == null ? keystore : certificate);
  }

  /**
   * Reads all files.
   *
   * @throws UnusableTls when one can't be read
   */
  Content read() {
    return new Content(bytes(named()), bytes(key), bytes(passwordFile));
  }

  /** What the files held at one moment. It holds secrets and shows none. */
  final class Content {
    private final byte[] certificates;
    private final byte[] privateKey;
    private final byte[] password;

    private Content(byte[] certificates, byte[] privateKey, byte[] password) {
      this.certificates = certificates;
      this.privateKey = privateKey;
      this.password = password;
    }

    /** The same for the same bytes in every file, and for no others. */
    String fingerprint() {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (byte[] part : List.of(certificates, privateKey, password)) {
          digest.update(ByteBuffer.allocate(4).putInt(part.length).array());
          digest.update(part);
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    /**
     * The key and its chain; whether they belong together is not looked at.
     *
     * @throws UnusableTls when the files hold something else, with no word of what they hold
     */
    PrivateKeyEntry entry() {
      char[] secret = secret(password);
      try {
        return keystore == null ? pem(secret) : pkcs12(secret);
      } finally {
        Arrays.fill(secret, '\0');
      }
    }

    private PrivateKeyEntry pem(char[] secret) {
      List<X509Certificate> chain = new ArrayList<>();
      try {
        for (Object block : blocks(certificates)) {
          if (block instanceof X509CertificateHolder holder) {
            chain.add(new JcaX509CertificateConverter().getCertificate(holder));
          }
        }
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        chain.clear();
      }
      if (chain.isEmpty()) {
        throw new UnusableTls("The file " + certificate + " is not certificates in PEM.");
      }
      PrivateKeyInfo info = keyInfo(secret);
      try {
        // A key of another kind than the certificate's is not of its form: refused here already.
        String algorithm = chain.getFirst().getPublicKey().getAlgorithm();
        PrivateKey own =
            KeyFactory.getInstance(algorithm)
                .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
        return new PrivateKeyEntry(own, chain.toArray(X509Certificate[]::new));
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        throw new UnusableTls("The private key in " + key + " is of no kind that fits.");
      }
    }

    private PrivateKeyInfo keyInfo(char[] secret) {
      boolean encrypted = false;
      try {
        for (Object block : blocks(privateKey)) {
          if (block instanceof PrivateKeyInfo info) {
            return info;
          }
          if (block instanceof PKCS8EncryptedPrivateKeyInfo info) {
            encrypted = true;
            return info.decryptPrivateKeyInfo(
                new JceOpenSSLPKCS8DecryptorProviderBuilder()
                    .setProvider(new BouncyCastleProvider())
                    .build(secret));
          }
        }
      } catch (IOException | OperatorCreationException | PKCSException | RuntimeException e) {
        // The reason may quote what stands in the file.
      }
      throw new UnusableTls(
          !encrypted
              ? "The file " + key + " is not a private key in PEM (PKCS#8)."
              : passwordFile == null
                  ? "The private key in " + key + " is encrypted, and there is no password file."
                  : "The password in " + passwordFile + " does not open " + key + ".");
    }

    private PrivateKeyEntry pkcs12(char[] secret) {
      try {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(certificates), secret);
        List<PrivateKeyEntry> entries = new ArrayList<>();
        for (String alias : Collections.list(store.aliases())) {
          if (store.isKeyEntry(alias)
              && store.getEntry(alias, new KeyStore.PasswordProtection(secret))
                  instanceof PrivateKeyEntry entry) {
            entries.add(entry);
          }
        }
        if (entries.size() == 1) {
          return entries.getFirst();
        }
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        throw new UnusableTls(
            "The file " + keystore + " is not PKCS#12, or its password is another.");
      }
      throw new UnusableTls("The file " + keystore + " must hold one private key with its chain.");
    }
  }

  private static List<Object> blocks(byte[] pem) throws IOException {
    List<Object> blocks = new ArrayList<>();
    try (PEMParser parser =
        new PEMParser(
            new InputStreamReader(new ByteArrayInputStream(pem), StandardCharsets.US_ASCII))) {
      for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
        blocks.add(block);
      }
    }
    return blocks;
  }

  private static char[] secret(byte[] password) {
    int end = password.length;
    end -= end > 0 && password[end - 1] == '\n' ? 1 : 0;
    end -= end > 0 && password[end - 1] == '\r' ? 1 : 0;
    return StandardCharsets.UTF_8
        .decode(ByteBuffer.wrap(password, 0, end))
        .toString()
        .toCharArray();
  }

  private static byte[] bytes(@Nullable Path file) {
    if (file == null) {
      return new byte[0];
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST + 1);
      if (bytes.length <= MOST) {
        return bytes;
      }
    } catch (IOException e) {
      throw new UnusableTls("The file " + file + " can't be read.");
    }
    throw new UnusableTls("The file " + file + " has more than " + MOST + " bytes.");
  }
}
