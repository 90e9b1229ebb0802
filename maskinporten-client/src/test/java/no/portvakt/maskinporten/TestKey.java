package no.portvakt.maskinporten;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.security.auth.x500.X500Principal;
import no.portvakt.tokens.KeyMaterial;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS8EncryptedPrivateKeyInfoBuilder;

/** A key pair with a certificate, and the forms that it is kept in. */
final class TestKey {
  static final Instant BEGIN = Instant.parse("2026-11-01T00:00:00Z");
  static final TestKey RSA = of("RSA", 2048, BEGIN);

  private final KeyPair pair;
  private final X509Certificate certificate;

  private TestKey(KeyPair pair, X509Certificate certificate) {
    this.pair = pair;
    this.certificate = certificate;
  }

  /** A new key with a certificate that is valid for a year from a day before that moment on. */
  static TestKey of(String type, int bits, Instant begin) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
      generator.initialize(bits);
      KeyPair pair = generator.generateKeyPair();
      X500Principal name = new X500Principal("CN=Test AS,SERIALNUMBER=974760673,C=NO");
      return new TestKey(
          pair,
          new JcaX509CertificateConverter()
              .getCertificate(
                  new JcaX509v3CertificateBuilder(
                          name,
                          BigInteger.ONE,
                          Date.from(begin.minus(Duration.ofDays(1))),
                          Date.from(begin.plus(Duration.ofDays(365))),
                          name,
                          pair.getPublic())
                      .build(
                          new JcaContentSignerBuilder(
                                  type.equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA")
                              .build(pair.getPrivate()))));
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  X509Certificate certificate() {
    return certificate;
  }

  KeyMaterial material() {
    return KeyMaterial.of(pair.getPrivate(), List.of(certificate));
  }

  String der() {
    try {
      return Base64.getEncoder().encodeToString(certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  String keyPem() {
    return pem("PRIVATE KEY", Base64.getEncoder().encodeToString(pair.getPrivate().getEncoded()));
  }

  String encryptedKeyPem(String password) {
    try {
      return pem(
          "ENCRYPTED PRIVATE KEY",
          Base64.getEncoder()
              .encodeToString(
                  new JcaPKCS8EncryptedPrivateKeyInfoBuilder(pair.getPrivate())
                      .build(
                          new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                              .setProvider(new BouncyCastleProvider())
                              .setPRF(PKCS8Generator.PRF_HMACSHA256)
                              .setIterationCount(2048)
                              .setPassword(password.toCharArray())
                              .build())
                      .getEncoded()));
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  String certificatePem() {
    return pem("CERTIFICATE", der());
  }

  byte[] pkcs12(String password, String... aliases) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (String alias : aliases) {
        store.setKeyEntry(
            alias, pair.getPrivate(), password.toCharArray(), new X509Certificate[] {certificate});
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      store.store(out, password.toCharArray());
      return out.toByteArray();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a TLS server with this certificate needs. */
  SSLContext tls() {
    try {
      char[] password = "pw".toCharArray();
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new ByteArrayInputStream(pkcs12("pw", "tls")), password);
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  byte[] sign(String algorithm, byte[] message) throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(pair.getPrivate());
    signature.update(message);
    return signature.sign();
  }

  /** Whether the signature of a compact JWS is this key's. */
  boolean verifies(String algorithm, String compact) {
    int end = compact.lastIndexOf('.');
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initVerify(pair.getPublic());
      signature.update(compact.substring(0, end).getBytes(StandardCharsets.UTF_8));
      return signature.verify(Base64.getUrlDecoder().decode(compact.substring(end + 1)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String label, String base64) {
    return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
  }
}
