import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Reads an address with Java's own checks of chain and name, trusting one CA: URL, PEM file. */
class TrustingClient {
    public static void main(String[] arguments) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = new FileInputStream(arguments[1])) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            trusted.setCertificateEntry("ca", factory.generateCertificate(file));
        }
        TrustManagerFactory managers =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        HttpsURLConnection connection =
            (HttpsURLConnection) new URI(arguments[0]).toURL().openConnection();
        connection.setSSLSocketFactory(context.getSocketFactory());
        connection.setReadTimeout(20_000);
        try (InputStream body = connection.getInputStream()) {
            System.out.print(new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
