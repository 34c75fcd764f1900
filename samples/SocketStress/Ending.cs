namespace SocketStress;

/// <summary>How a conversation ends.</summary>
internal enum Ending
{
    /// <summary>The client sends all and says that it will send no more; the server answers all, and its checksum.</summary>
    Whole,

    /// <summary>In the middle the client closes its end with a reset, while it reads.</summary>
    ClientResets,

    /// <summary>In the middle the client closes its end, while it reads.</summary>
    ClientLeaves,

    /// <summary>In the middle the server closes its end with a reset.</summary>
    ServerResets,

    /// <summary>The client says nothing more, until the server's time limit for idle connections ends it.</summary>
    Silence,

    /// <summary>The client's time limit for all of it ends it.</summary>
    Cancelled,
}
