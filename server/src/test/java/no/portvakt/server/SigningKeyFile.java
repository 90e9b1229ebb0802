package no.portvakt.server;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import no.portvakt.tokens.KeyMaterial;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A signing key with a certificate, as an operator's own authority would hand it out in a file. */
public final class SigningKeyFile {
  private final KeyPair pair;
  private final X509Certificate certificate;

  private SigningKeyFile(KeyPair pair, X509Certificate certificate) {
    this.pair = pair;
    this.certificate = certificate;
  }

  /**
   * A new key whose certificate is valid for a year.
   *
   * @param type RSA with its bits, the name of a curve such as secp256r1, or Ed25519
   */
  public static SigningKeyFile of(String type, Instant from) {
    return of(type, from, from.plus(Duration.ofDays(365)));
  }

  /** A new key with a certificate. */
  public static SigningKeyFile of(String type, Instant from, Instant until) {
    try {
      KeyPair pair = pair(type);
      String signature =
          switch (pair.getPublic().getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "Ed25519";
          };
      X500Name name = new X500Name("CN=signing");
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
              name,
              BigInteger.valueOf(from.toEpochMilli()),
              Date.from(from),
              Date.from(until),
              name,
              SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
      return new SigningKeyFile(
          pair,
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(new JcaContentSignerBuilder(signature).build(pair.getPrivate()))));
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPair pair(String type) throws GeneralSecurityException {
    if (type.startsWith("secp")) {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(type));
      return generator.generateKeyPair();
    }
    if (type.startsWith("RSA")) {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(Integer.parseInt(type.substring(3)));
      return generator.generateKeyPair();
    }
    return KeyPairGenerator.getInstance(type).generateKeyPair();
  }

  /** The key as the server reads it. */
  public KeyMaterial material() {
    return KeyMaterial.of(pair.getPrivate(), List.of(certificate));
  }

  /** The {@code kid} of its tokens. */
  public String keyId() {
    return material().keyId();
  }

  /** Puts key and certificate into a PEM file, in place of what is there, all at once. */
  public Path writePem(Path file) {
    try (StringWriter text = new StringWriter();
        JcaPEMWriter pem = new JcaPEMWriter(text)) {
      pem.writeObject(new JcaPKCS8Generator(pair.getPrivate(), null));
      pem.writeObject(certificate);
      pem.flush();
      Path whole =
          Files.writeString(file.resolveSibling(file.getFileName() + ".new"), text.toString());
      return Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Puts key and certificate into a PKCS#12 file. */
  public Path writePkcs12(Path file, String password) {
    try (OutputStream out = Files.newOutputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "key", pair.getPrivate(), password.toCharArray(), new Certificate[] {certificate});
      store.store(out, password.toCharArray());
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
