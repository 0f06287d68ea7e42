/// A program that depends on Rondo.
module com.example.consumer {
    requires dev.rondo;
}
